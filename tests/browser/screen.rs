//! A visitor's screen: a host element with a shadow root and the widget in it, and fingers and eyes for the tests.

#![allow(unreachable_pub, reason = "a module of a test has no outside")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use chat_proto::io::{Command, Event, TimelineDiff};
use chat_proto::message::{Author, Content, Inbound, Item, ItemKey, LocalId, MessageId, Notice, Outbound, SendState};
use chat_proto::time::Timestamp;
use guest_chat::store::ChatStore;
use guest_chat::ui::{self, Mounted};
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement, ShadowRoot};

const STYLE: &str = include_str!("../../www/widget.css");

/// What a visitor has before them.
pub struct Screen {
    host: Element,
    root: ShadowRoot,
    said: Rc<RefCell<Vec<Command>>>,
    mounted: RefCell<Option<Mounted>>,
    /// What the widget shows.
    pub store: ChatStore,
}

impl Screen {
    /// The widget, mounted and closed.
    pub async fn new() -> Self {
        Self::mount(|_| {}).await
    }

    /// The widget in the place of a launcher that somebody else painted, and that has the focus.
    pub async fn painted() -> Self {
        Self::mount(|root| {
            let launcher: HtmlElement = document().create_element("button").expect("a name").unchecked_into();
            launcher.set_attribute("part", "launcher").expect("a name");
            launcher.set_class_name("launcher");
            root.append_child(&launcher).expect("a root takes children");
            launcher.focus().expect("a button takes the focus");
        })
        .await
    }

    /// The widget, opened by its launcher.
    pub async fn open() -> Self {
        let screen = Self::new().await;
        screen.click("launcher").await;
        screen.said();
        screen
    }

    async fn mount(paint: impl FnOnce(&ShadowRoot)) -> Self {
        let host = document().create_element("guest-chat").expect("a name");
        document().body().expect("a page has a body").append_child(&host).expect("a body takes children");
        let options = Object::new();
        set(&options, "mode", &"open".into());
        let attach: Function = get(&host, "attachShadow").unchecked_into();
        let root: ShadowRoot = attach.call1(&host, &options).expect("no root yet").unchecked_into();
        set(&root, "adoptedStyleSheets", &Array::of1(&style_sheet(STYLE)));
        paint(&root);
        let said = Rc::new(RefCell::new(Vec::new()));
        let store = ChatStore::new();
        let mounted = ui::mount(&root, store, {
            let said = Rc::clone(&said);
            move |command| said.borrow_mut().push(command)
        });
        let screen = Self { host, root, said, mounted: RefCell::new(Some(mounted)), store };
        screen.settle().await;
        screen
    }

    /// Adds to the style sheet.
    pub fn restyle(&self, text: &str) {
        set(&self.root, "adoptedStyleSheets", &Array::of2(&style_sheet(STYLE), &style_sheet(text)));
    }

    // Waiting

    /// Until everything that was set is drawn.
    pub async fn settle(&self) {
        let tick = Promise::new(&mut |done, _| {
            call_global("setTimeout", &[done.into()]);
        });
        JsFuture::from(tick).await.expect("a timeout never fails");
    }

    /// Until sizes have been observed and scrolling has been told of.
    pub async fn frames(&self) {
        for _ in 0..3 {
            let frame = Promise::new(&mut |done, _| {
                call_global("requestAnimationFrame", &[done.into()]);
            });
            JsFuture::from(frame).await.expect("a frame never fails");
        }
        self.settle().await;
    }

    /// Until this is so. The runner's own limit ends a wait that is in vain.
    pub async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            self.frames().await;
        }
    }

    // What the core does

    pub async fn apply(&self, event: Event) {
        self.store.apply(event);
        self.settle().await;
    }

    pub async fn diff(&self, diff: TimelineDiff) {
        self.apply(Event::Timeline(diff)).await;
    }

    pub async fn show(&self, items: impl IntoIterator<Item = Item>) {
        self.diff(TimelineDiff::Reset(items.into_iter().collect())).await;
    }

    /// A message comes, at the end.
    pub async fn arrive(&self, item: Item) {
        self.diff(TimelineDiff::Insert { index: usize::MAX, item: item.clone() }).await;
        self.apply(Event::Said(item)).await;
    }

    /// What was said to the core since this was last asked.
    pub fn said(&self) -> Vec<Command> {
        self.said.take()
    }

    pub fn mounted(&self) -> std::cell::Ref<'_, Mounted> {
        std::cell::Ref::map(self.mounted.borrow(), |mounted| mounted.as_ref().expect("mounted"))
    }

    pub fn unmount(&self) {
        self.mounted.take();
    }

    // Eyes

    pub fn css(&self, selector: &str) -> Vec<Element> {
        let query: Function = get(&self.root, "querySelectorAll").unchecked_into();
        let list = query.call1(&self.root, &selector.into()).expect("a selector");
        Array::from(&list).iter().map(JsCast::unchecked_into).collect()
    }

    pub fn css_texts(&self, selector: &str) -> Vec<String> {
        self.css(selector).iter().map(|it| it.text_content().unwrap_or_default()).collect()
    }

    pub fn all(&self, part: &str) -> Vec<Element> {
        self.css(&format!("[part~={part}]"))
    }

    pub fn texts(&self, part: &str) -> Vec<String> {
        self.css_texts(&format!("[part~={part}]"))
    }

    pub fn text(&self, part: &str) -> String {
        self.one(part).text_content().unwrap_or_default()
    }

    pub fn attribute(&self, part: &str, name: &str) -> String {
        self.one(part).get_attribute(name).unwrap_or_default()
    }

    pub fn is_visible(&self, part: &str) -> bool {
        let style = call_global("getComputedStyle", &[self.one(part).into()]);
        get(&style, "visibility") == "visible"
    }

    /// The part that has the focus.
    pub fn focused(&self) -> String {
        self.root.active_element().and_then(|it| it.get_attribute("part")).unwrap_or_default()
    }

    pub fn spoken(&self) -> String {
        self.css_texts("[aria-live=polite] p").join("\n")
    }

    pub fn composer(&self) -> HtmlTextAreaElement {
        self.one("composer").unchecked_into()
    }

    pub fn is_at_end(&self) -> bool {
        let log = &self.css(".log")[0];
        log.scroll_height() - log.scroll_top() - log.client_height() <= 1
    }

    pub fn count_nodes(&self) -> usize {
        self.css("*").len()
    }

    fn one(&self, part: &str) -> Element {
        self.all(part).into_iter().next().unwrap_or_else(|| panic!("no part {part}"))
    }

    // Fingers

    pub async fn click(&self, part: &str) {
        self.click_css(&format!("[part~={part}]")).await;
    }

    pub async fn click_css(&self, selector: &str) {
        let element = self.css(selector).into_iter().next().unwrap_or_else(|| panic!("no {selector}"));
        element.unchecked_into::<HtmlElement>().click();
        self.settle().await;
    }

    pub async fn write(&self, text: &str) {
        self.composer().set_value(text);
        self.dispatch(&self.composer(), "Event", "input", &[]).await;
    }

    pub async fn press(&self, part: &str, key: &str, more: &[(&str, JsValue)]) {
        self.press_css(&format!("[part~={part}]"), key, more).await;
    }

    pub async fn press_css(&self, selector: &str, key: &str, more: &[(&str, JsValue)]) {
        let mut init = vec![("key", JsValue::from_str(key))];
        init.extend_from_slice(more);
        self.dispatch(&self.css(selector)[0], "KeyboardEvent", "keydown", &init).await;
    }

    pub async fn scroll_to(&self, top: i32) {
        self.css(".log")[0].set_scroll_top(top);
        self.frames().await;
    }

    /// Counts the events of this name that the page sees.
    pub fn listen_as_the_page(&self, event: &str) -> Rc<Cell<u32>> {
        let count = Rc::new(Cell::new(0));
        let listener = Closure::<dyn Fn()>::new({
            let count = Rc::clone(&count);
            move || count.set(count.get() + 1)
        });
        self.host
            .parent_element()
            .expect("in a page")
            .add_event_listener_with_callback(event, listener.as_ref().unchecked_ref())
            .expect("a listener");
        listener.forget(); // as long as the page of the test
        count
    }

    async fn dispatch(&self, target: &Element, class: &str, name: &str, init: &[(&str, JsValue)]) {
        let options = Object::new();
        for flag in ["bubbles", "composed", "cancelable"] {
            set(&options, flag, &true.into());
        }
        for (name, value) in init {
            set(&options, name, value);
        }
        let class: Function = get(&js_sys::global(), class).unchecked_into();
        let event = Reflect::construct(&class, &Array::of2(&name.into(), &options)).expect("an event");
        target.dispatch_event(event.unchecked_ref()).expect("not being dispatched");
        self.settle().await;
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.unmount();
        self.host.remove();
    }
}

/// How far down the screen it stands, in px.
pub fn top_of(element: &Element) -> f64 {
    let measure: Function = get(element, "getBoundingClientRect").unchecked_into();
    get(&measure.call0(element).expect("an element"), "top").as_f64().expect("a number")
}

// What stands in a conversation

pub fn from_visitor(key: u64, minutes_ago: u64, text: &str, state: SendState) -> Item {
    let local_id = Some(LocalId(format!("l{key}")));
    item(key, minutes_ago, Content::Inbound(Inbound { local_id, id: None, text: text.into(), state }))
}

pub fn from_agent(key: u64, minutes_ago: u64, text: &str) -> Item {
    outbound(key, minutes_ago, text, Author { name: Some("Ana".into()), is_bot: false })
}

pub fn from_bot(key: u64, minutes_ago: u64, text: &str) -> Item {
    outbound(key, minutes_ago, text, Author { name: None, is_bot: true })
}

pub fn with_more(mut item: Item) -> Item {
    if let Content::Outbound(message) = &mut item.content {
        message.has_more = true;
    }
    item
}

pub fn notice(key: u64, minutes_ago: u64, notice: Notice) -> Item {
    item(key, minutes_ago, Content::Notice(notice))
}

fn outbound(key: u64, minutes_ago: u64, text: &str, author: Author) -> Item {
    let id = MessageId(format!("m{key}"));
    item(key, minutes_ago, Content::Outbound(Outbound { id, author, text: text.into(), has_more: false }))
}

/// Counted back from a quarter to midnight of today, so that no test is another one at night.
fn item(key: u64, minutes_ago: u64, content: Content) -> Item {
    let late = js_sys::Date::new_0();
    late.set_hours(23);
    late.set_minutes(45);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the present is after 1970")]
    let time = Timestamp(late.get_time() as u64 - minutes_ago * 60_000);
    Item { key: ItemKey(key), time, content }
}

// The page's policy

/// As long as this lives, whoever makes markup from a string is stopped, as under `require-trusted-types-for 'script'`.
pub fn no_html() -> impl Drop {
    struct Guard(JsValue);
    impl Drop for Guard {
        fn drop(&mut self) {
            define_inner_html(&self.0);
        }
    }
    let before = Object::get_own_property_descriptor(&element_prototype(), &"innerHTML".into());
    let refuse = Function::new_with_args("text", "throw new TypeError('markup from a string: ' + text)");
    let descriptor = Object::new();
    set(&descriptor, "set", &refuse);
    set(&descriptor, "configurable", &true.into());
    define_inner_html(&descriptor);
    Guard(before)
}

fn define_inner_html(descriptor: &JsValue) {
    Object::define_property(&element_prototype(), &"innerHTML".into(), descriptor.unchecked_ref());
}

fn element_prototype() -> Object {
    get(&get(&js_sys::global(), "Element"), "prototype").unchecked_into()
}

// The browser

fn document() -> web_sys::Document {
    web_sys::window().and_then(|window| window.document()).expect("in a page")
}

fn style_sheet(text: &str) -> JsValue {
    let class: Function = get(&js_sys::global(), "CSSStyleSheet").unchecked_into();
    let sheet = Reflect::construct(&class, &Array::new()).expect("a style sheet");
    let replace: Function = get(&sheet, "replaceSync").unchecked_into();
    replace.call1(&sheet, &text.into()).expect("a text without imports");
    sheet
}

fn call_global(name: &str, arguments: &[JsValue]) -> JsValue {
    let function: Function = get(&js_sys::global(), name).unchecked_into();
    function.apply(&JsValue::UNDEFINED, &arguments.iter().collect()).expect(name)
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).expect(name)
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect(name);
}
