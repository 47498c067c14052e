//! Values that views follow. Leptos compiles a signal's whole machinery once for each type of value; this has a dozen types, which
//! made 9 KB of the bundle. Here the machinery is Leptos' trigger, which has no type, and the value lies beside it. Handles that are
//! copied are numbers: Leptos' own store for what they stand for is ready for threads, of which a page has one.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use leptos::prelude::*;

/// A value that views follow, shared by whoever has a clone.
#[derive(Debug)]
pub struct Shared<T>(Rc<Inner<T>>);

/// The same for a value that lives as long as the owner it was made in: a handle that is copied, as Leptos' own signals are.
#[derive(Debug)]
pub struct Live<T: 'static>(usize, PhantomData<fn() -> T>);

thread_local! {
    static VALUES: RefCell<Values> = const { RefCell::new(Values { made: 0, kept: Vec::new() }) };
}

/// What the handles stand for.
struct Values {
    /// How many there have ever been; the number of the next.
    made: usize,
    /// By number, ascending.
    kept: Vec<(usize, Rc<dyn Any>)>,
}

#[derive(Debug)]
struct Inner<T> {
    value: RefCell<T>,
    changed: ArcTrigger,
}

impl<T> Shared<T> {
    /// A value that nobody follows yet.
    pub fn new(value: T) -> Self {
        Self(Rc::new(Inner { value: RefCell::new(value), changed: ArcTrigger::new() }))
    }

    /// Reads it, and follows it from here on.
    pub fn with<U>(&self, read: impl FnOnce(&T) -> U) -> U {
        self.0.changed.track();
        self.with_untracked(read)
    }

    /// Reads it as it is now.
    pub fn with_untracked<U>(&self, read: impl FnOnce(&T) -> U) -> U {
        read(&self.0.value.borrow())
    }

    /// Changes it. Whoever follows it looks again.
    pub fn update<U>(&self, change: impl FnOnce(&mut T) -> U) -> U {
        let result = change(&mut self.0.value.borrow_mut());
        self.0.changed.notify();
        result
    }

    /// Replaces it.
    pub fn set(&self, value: T) {
        self.update(|old| *old = value);
    }
}

impl<T: Clone> Shared<T> {
    /// A copy of it, followed from here on.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// A copy of it as it is now.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Live<T> {
    /// A value that nobody follows yet.
    pub fn new(value: T) -> Self {
        let number = keep(Shared::new(value).0);
        on_cleanup(move || let_go(number));
        Self(number, PhantomData)
    }

    /// The value itself.
    fn shared(self) -> Shared<T> {
        self.alive().expect("a value is used while its owner lives")
    }

    /// The value, unless its owner has been cleaned up.
    pub fn alive(self) -> Option<Shared<T>> {
        kept(self.0)?.downcast().ok().map(Shared)
    }

    /// Reads it, and follows it from here on.
    pub fn with<U>(self, read: impl FnOnce(&T) -> U) -> U {
        self.shared().with(read)
    }

    /// Reads it as it is now.
    pub fn with_untracked<U>(self, read: impl FnOnce(&T) -> U) -> U {
        self.shared().with_untracked(read)
    }

    /// Changes it. Whoever follows it looks again.
    pub fn update<U>(self, change: impl FnOnce(&mut T) -> U) -> U {
        self.shared().update(change)
    }

    /// Replaces it.
    pub fn set(self, value: T) {
        self.shared().set(value);
    }
}

impl<T: Clone> Live<T> {
    /// A copy of it, followed from here on.
    pub fn get(self) -> T {
        self.shared().get()
    }

    /// A copy of it as it is now.
    pub fn get_untracked(self) -> T {
        self.shared().get_untracked()
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Live<T> {}

fn keep(value: Rc<dyn Any>) -> usize {
    VALUES.with_borrow_mut(|values| {
        let number = values.made;
        values.made += 1;
        values.kept.push((number, value));
        number
    })
}

fn kept(number: usize) -> Option<Rc<dyn Any>> {
    VALUES.with_borrow(|values| values.find(number).map(|at| values.kept[at].1.clone()))
}

fn let_go(number: usize) {
    // Dropped only when it is out of the list: it may own what lets go of others.
    let _value = VALUES.with_borrow_mut(|values| values.find(number).map(|at| values.kept.remove(at)));
}

impl Values {
    fn find(&self, number: usize) -> Option<usize> {
        self.kept.binary_search_by_key(&number, |(number, _)| *number).ok()
    }
}
