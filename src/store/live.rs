//! Values that views follow. Leptos compiles a signal's whole machinery once for each type of value; this has a dozen types, which
//! made 9 KB of the bundle. Here the machinery is Leptos' trigger, which has no type, and the value lies beside it.

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
pub struct Live<T: 'static>(StoredValue<Rc<dyn Any>, LocalStorage>, PhantomData<fn() -> T>);

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
        let inner: Rc<dyn Any> = Shared::new(value).0;
        Self(StoredValue::new_local(inner), PhantomData)
    }

    /// The value itself.
    fn shared(self) -> Shared<T> {
        Shared(self.0.get_value().downcast().expect("what was put in is what is taken out"))
    }

    /// The value, unless its owner has been cleaned up.
    pub fn alive(self) -> Option<Shared<T>> {
        self.0.try_get_value()?.downcast().ok().map(Shared)
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
