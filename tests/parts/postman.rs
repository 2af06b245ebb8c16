//! Postman's files go in and come out equal, or are refused with the place that is wrong.

use loggia::{
    id::ItemId,
    workspace::{
        item::{Content, ItemKind, NewItem},
        postman::{Fault, Import, MAX_ITEMS, MAX_NAME, Node, SCHEMA, export, export_environment, import},
    },
};
use proptest::prelude::*;
use serde_json::{Map, Value, json, value::RawValue};
use std::{collections::HashMap, sync::Arc, time::Instant};
use uuid::Uuid;

const ADYEN: &str = include_str!("../data/adyen-management.postman_collection.json");
const CONDUIT: &str = include_str!("../data/conduit.postman_collection.json");
const WISE: &str = include_str!("../data/wise.postman_collection.json");
const WISE_ENVIRONMENT: &str = include_str!("../data/wise.postman_environment.json");
const OLD: &str = include_str!("../data/v2.0.postman_collection.json");

fn read(json: impl AsRef<[u8]>) -> Result<Import, Fault> {
    let mut last = 0;
    import(json.as_ref(), &mut || {
        last += 1;
        ItemId(Uuid::from_u128(last))
    })
}

fn items(json: impl AsRef<[u8]>) -> Vec<NewItem> {
    match read(json).unwrap() {
        Import::Collection(items) => items,
        other => panic!("{other:?}"),
    }
}

/// The tree of a flat list, from its first item.
fn tree(items: &[NewItem]) -> Node<'_> {
    fn node<'a>(item: &'a NewItem, children: &HashMap<ItemId, Vec<&'a NewItem>>) -> Node<'a> {
        let inside = children.get(&item.id).into_iter().flatten().map(|child| node(child, children)).collect();
        Node { kind: item.kind, name: &item.name, content: Arc::clone(&item.content), children: inside }
    }
    let mut children: HashMap<ItemId, Vec<&NewItem>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        assert_eq!(item.parent.is_none(), index == 0);
        if let Some(parent) = item.parent {
            let above = items[..index].iter().find(|above| above.id == parent).expect("parents come first");
            assert!(item.kind.fits(Some(above.kind)));
            children.entry(parent).or_default().push(item);
        }
    }
    node(&items[0], &children)
}

fn there_and_back(json: impl AsRef<[u8]>) -> String {
    export(&tree(&items(json))).unwrap()
}

/// JSON text without the white space between its parts: what is equal so has equal numbers, escapes and key order.
fn squeezed(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let keep = |c: &char| {
        if quoted {
            (quoted, escaped) = (escaped || *c != '"', !escaped && *c == '\\');
            return true;
        }
        quoted = *c == '"';
        !c.is_ascii_whitespace()
    };
    json.chars().filter(keep).collect()
}

#[track_caller]
fn same(json: &str) {
    assert_eq!(squeezed(&there_and_back(json)), squeezed(json));
}

fn collection(item: &str) -> String {
    format!(r#"{{"info":{{"name":"C","schema":"{SCHEMA}"}},"item":{item}}}"#)
}

fn count(items: &[NewItem], kind: ItemKind) -> usize {
    items.iter().filter(|item| item.kind == kind).count()
}

#[test]
fn real_collections_come_out_equal() {
    for (json, requests, folders, examples) in [(ADYEN, 158, 163, 111), (CONDUIT, 32, 5, 0), (WISE, 66, 14, 0)] {
        let all = items(json);
        let counts = [ItemKind::Request, ItemKind::Folder, ItemKind::Example].map(|kind| count(&all, kind));
        assert_eq!(counts, [requests, folders, examples]);
        let out = export(&tree(&all)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), serde_json::from_str::<Value>(json).unwrap());
        assert_eq!(squeezed(&out), squeezed(json));
        for item in &all[1..] {
            let content: Map<String, Value> = serde_json::from_str(item.content.get()).unwrap();
            assert!(!["name", "item", "response", "_loggia"].iter().any(|key| content.contains_key(*key)));
        }
    }
}

#[test]
fn a_real_environment_comes_out_equal() {
    for json in [WISE_ENVIRONMENT.to_owned(), format!(r#"{{"environment":{WISE_ENVIRONMENT}}}"#)] {
        let Import::Environment { name, content } = read(json).unwrap() else { panic!() };
        assert_eq!(name, "TransferWise Sandbox");
        assert!(!content.get().contains("_loggia"));
        assert_eq!(squeezed(&export_environment(&name, &content).unwrap()), squeezed(WISE_ENVIRONMENT));
    }
    let odd = r#"{"values":[{"key":"a","value":1.0}],"_loggia":null,"name":"","n":1e400}"#;
    let Import::Environment { name, content } = read(odd).unwrap() else { panic!() };
    assert_eq!(export_environment(&name, &content).unwrap(), odd);
}

#[test]
fn version_2_0_becomes_2_1() {
    // The same by other means: on the whole value.
    fn modern(value: &mut Value) {
        if let Some(auth) = value.get_mut("auth").and_then(Value::as_object_mut) {
            for (kind, parameters) in auth.iter_mut() {
                if let Some(map) = parameters.as_object().filter(|_| kind != "noauth") {
                    let list = map.iter().map(|(key, value)| {
                        json!({"key": key, "value": value, "type": if value.is_string() { "string" } else { "any" }})
                    });
                    *parameters = list.collect();
                }
            }
        }
        match value {
            Value::Object(map) => map.values_mut().for_each(modern),
            Value::Array(list) => list.iter_mut().for_each(modern),
            _ => {}
        }
    }
    let mut wanted: Value = serde_json::from_str(OLD).unwrap();
    modern(&mut wanted);
    wanted["info"]["schema"] = json!(SCHEMA);
    let out = there_and_back(OLD);
    assert_eq!(squeezed(&out), squeezed(&wanted.to_string()));
    // Spelled out once.
    assert_eq!(wanted["auth"]["basic"][2], json!({"key": "showPassword", "value": false, "type": "any"}));
    assert_eq!(wanted["item"][0]["auth"]["bearer"], json!([{"key": "token", "value": "{{token}}", "type": "string"}]));
    assert_eq!(wanted["item"][1]["request"], json!("https://example.com/plain"));
    assert_eq!(out.matches(r#""auth":{"type":"hawk","hawk":[{"key":"authId""#).count(), 2);
    same(&out);
}

#[test]
fn what_is_unknown_or_unusual_stays() {
    for item in [
        "[]",
        r#"[{"name":"F","item":[]},{"item":[]},{"item":[],"name":""},{"x":0,"item":[],"y":0,"name":"late"}]"#,
        r#"[{"name":"F","description":"d","item":[]},{"name":"F","item":[],"description":"d"},{"name":"F","d":1,"item":[]}]"#,
        r#"[{"name":"F","description":null,"response":[{"a":1}],"item":[]},{"description":"d","item":[],"name":"F"}]"#,
        r#"[{"name":"R","request":"https://example.com"},{"request":{}},{"name":null,"request":{},"response":[]}]"#,
        r#"[{"name":"R","response":null,"request":{}},{"response":[],"name":"R","request":{}}]"#,
        r#"[{"name":"R","response":[{},{"id":"i","name":"E"},{"name":"E","id":"i"},{"name":null},{"code":1,"name":""}],"request":{}}]"#,
        r#"[{"name":"R","request":{"method":null,"url":null,"x":[1.0,1e400,-0,12345678901234567890123]},"_loggia":null}]"#,
        r#"[{"_loggia":{"no_name":true,"name_at":7,"own":[1]},"name":"R","request":{},"response":[{"_loggia":[]}]}]"#,
        r#"[{"name":"F","_loggia":"x","item":[{"response":[{"name":"E","item":{"a":1},"request":5}],"request":{},"name":"R"}]}]"#,
        r#"[{"name":"R","request":{"body":{"raw":"\ud800 \u00e9 \/"}},"response":[]}]"#,
    ] {
        same(&collection(item));
    }
    for json in [
        format!(
            r#"{{"a":1.0,"item":[],"name":"no name","_loggia":{{}},"info":{{"schema":"{SCHEMA}","_loggia":1}},"z":null}}"#
        ),
        format!(r#"{{"info":{{"x":1e400,"name":"N","schema":"{SCHEMA}"}},"variable":[],"item":[]}}"#),
        format!(r#"{{"info":{{"name":null,"schema":"{SCHEMA}#"}},"item":[],"info2":[]}}"#),
    ] {
        same(&json);
        let wrapped = format!("\u{feff} {{\"collection\":{json}}}\n");
        assert_eq!(there_and_back(wrapped), json);
    }
    // Of equal keys the last counts.
    let twice = collection(r#"[{"name":"a","name":"b","request":1,"request":{},"response":[{}],"response":[]}]"#);
    assert_eq!(there_and_back(twice), collection(r#"[{"name":"b","request":{},"response":[]}]"#));
}

#[test]
fn names_are_any_text() {
    for name in ["", "🧭👩‍👩‍👧", "שלום עולם", "e\u{301}\u{200d}", "a\0b\u{1}\"\\\n\u{2028}", &"é".repeat(MAX_NAME)]
    {
        let quoted = Value::from(name).to_string();
        let json = collection(&format!(
            r#"[{{"name":{quoted},"item":[{{"name":{quoted},"request":{{}},"response":[{{"name":{quoted}}}]}}]}}]"#
        ));
        assert!(items(&json)[1..].iter().all(|item| item.name == name));
        same(&json);
    }
    assert_eq!(items(collection(r#"[{"name":"\ud83e\udded\u0000","request":{}}]"#))[1].name, "🧭\0");
}

#[test]
fn folders_nest() {
    let mut json = r#"[{"name":"R","request":{},"response":[{"name":"E"}]}]"#.to_owned();
    for depth in 0..12 {
        json = format!(r#"[{{"name":"{depth}","item":{json}}},{{"name":"beside","item":[]}}]"#);
    }
    let all = items(collection(&json));
    assert_eq!(count(&all, ItemKind::Folder), 24);
    same(&collection(&json));
}

#[test]
fn the_tree_wins_over_the_marker() {
    let all = items(collection(r#"[{"request":{},"x":1},{"request":{},"response":null,"name":null}]"#));
    assert_eq!(all[1].content.get(), r#"{"request":{},"x":1,"_loggia":{"no_name":true,"no_children":true}}"#);
    let mut root = tree(&all);
    let empty = content("{}");
    for request in &mut root.children {
        request.name = "given";
        let children = Vec::new();
        request.children.push(Node { kind: ItemKind::Example, name: "E", content: Arc::clone(&empty), children });
    }
    let out: Value = serde_json::from_str(&export(&root).unwrap()).unwrap();
    for request in out["item"].as_array().unwrap() {
        assert_eq!((&request["name"], &request["response"]), (&json!("given"), &json!([{"name": "E"}])));
        assert!(request.get("_loggia").is_none());
    }
}

#[test]
fn parts_of_a_tree_go_out_as_collections() {
    let (empty, saved, list) = (content("{}"), content(r#"{"originalRequest":{"method":"PUT"}}"#), content("[]"));
    let node = |kind, content: &Content, children| Node { kind, name: "N", content: Arc::clone(content), children };
    let info = json!({"name": "N", "schema": SCHEMA});
    for (root, item) in [
        (node(ItemKind::Collection, &empty, vec![]), json!([])),
        (node(ItemKind::Folder, &empty, vec![]), json!([{"name": "N", "item": []}])),
        (node(ItemKind::Request, &empty, vec![]), json!([{"name": "N", "request": {}, "response": []}])),
        (
            node(ItemKind::Example, &saved, vec![]),
            json!([{"name": "N", "request": {"method": "PUT"}, "response": [{"name": "N", "originalRequest": {"method": "PUT"}}]}]),
        ),
    ] {
        let out = export(&root).unwrap();
        assert_eq!(out.parse::<Value>().unwrap(), json!({"info": info, "item": item}));
        same(&out);
    }
    let wrong = node(ItemKind::Folder, &empty, vec![node(ItemKind::Request, &list, vec![])]);
    assert_eq!(place(export(&wrong)), ("wrong_type", "item[0].item[0]".into()));
    let wrong = node(ItemKind::Folder, &empty, vec![node(ItemKind::Example, &empty, vec![])]);
    assert_eq!(place(export(&wrong)), ("misplaced", "item[0].item".into()));
    let deep =
        (0..1_000).fold(node(ItemKind::Folder, &empty, vec![]), |inner, _| node(ItemKind::Folder, &empty, vec![inner]));
    assert_eq!(place(export(&deep)).0, "too_deep");
    assert_eq!(place(export_environment("E", &list)), ("wrong_type", String::new()));
    assert_eq!(export_environment("E", &empty).unwrap(), r#"{"name":"E","values":[]}"#);
}

fn content(text: &str) -> Content {
    RawValue::from_string(text.to_owned()).unwrap().into()
}

fn place<T>(result: Result<T, Fault>) -> (&'static str, String) {
    let fault = result.err().expect("a fault");
    (fault.code, fault.path)
}

#[track_caller]
fn refused(json: impl AsRef<[u8]>, code: &str, path: &str) -> String {
    let fault = read(json).unwrap_err();
    assert_eq!((fault.code, fault.path.as_str()), (code, path), "{}", fault.message);
    fault.message
}

#[test]
fn faults_name_the_place() {
    let info = format!(r#""info":{{"name":"C","schema":"{SCHEMA}"}}"#);
    for (json, code, path) in [
        ("[]", "not_postman", ""),
        ("1e400", "not_postman", ""),
        (r#"{"a":1}"#, "not_postman", ""),
        (r#"{"item":[]}"#, "missing", "info"),
        (r#"{"items":[]}"#, "missing", "info"),
        (r#"{"collection":{}}"#, "missing", "collection.info"),
        (r#"{"collection":[]}"#, "wrong_type", "collection"),
        (r#"{"info":"C","item":[]}"#, "wrong_type", "info"),
        (r#"{"info":{},"item":[]}"#, "missing", "info.schema"),
        (r#"{"info":{"schema":2},"item":[]}"#, "wrong_type", "info.schema"),
        (r#"{"info":{"schema":"v3"},"item":[]}"#, "unsupported_version", "info.schema"),
        (r#"{"id":"x","name":"C","order":[],"requests":[]}"#, "unsupported_version", ""),
        (&format!("{{{info}}}"), "missing", "item"),
        (&format!(r#"{{"info":{{"name":5,"schema":"{SCHEMA}"}},"item":[]}}"#), "wrong_type", "info.name"),
        (r#"{"environment":{"name":"E"}}"#, "missing", "environment.values"),
        (r#"{"name":"E","_postman_variable_scope":"environment"}"#, "missing", "values"),
        (r#"{"name":"E","values":{}}"#, "wrong_type", "values"),
        (r#"{"name":"E","values":[{"key":"a"},null]}"#, "wrong_type", "values[1]"),
        (r#"{"name":"E","values":[{"key":"a"},{}]}"#, "missing", "values[1].key"),
        (r#"{"name":"E","values":[{"key":1}]}"#, "wrong_type", "values[0].key"),
        (r#"{"values":[]}"#, "missing", "name"),
        (r#"{"name":1,"values":[]}"#, "wrong_type", "name"),
    ] {
        refused(json, code, path);
    }
    assert!(refused(format!(r#"{{{info},"items":[]}}"#), "missing", "item").contains("`items`"));
    let long = "x".repeat(MAX_NAME + 1);
    for (item, code, path) in [
        ("{}", "wrong_type", "item"),
        ("null", "wrong_type", "item"),
        (r#"[{"name":"F","item":[{"request":{}},5]}]"#, "wrong_type", "item[0].item[1]"),
        (r#"[{"item":[]},{"item":{}}]"#, "wrong_type", "item[1].item"),
        (r#"[{"item":[{"name":"?"}]}]"#, "missing", "item[0].item[0]"),
        (r#"[{"item":[],"request":{}}]"#, "ambiguous", "item[0]"),
        (r#"[{"request":5}]"#, "wrong_type", "item[0].request"),
        (r#"[{"request":null}]"#, "wrong_type", "item[0].request"),
        (r#"[{"item":[{"request":{"method":[]}}]}]"#, "wrong_type", "item[0].item[0].request.method"),
        (r#"[{"request":{"url":7}}]"#, "wrong_type", "item[0].request.url"),
        (r#"[{"request":{},"name":false}]"#, "wrong_type", "item[0].name"),
        (r#"[{"request":{},"response":{}}]"#, "wrong_type", "item[0].response"),
        (r#"[{"request":{},"response":[{},null]}]"#, "wrong_type", "item[0].response[1]"),
        (r#"[{"request":{},"response":[{"name":1}]}]"#, "wrong_type", "item[0].response[0].name"),
        (r#"[{"item":[],"name":"\ud800"}]"#, "not_json", "item[0].name"),
        (r#"[{"item":[],"\udfff":1}]"#, "not_json", "item[0]"),
        (&format!(r#"[{{"item":[],"name":"{long}"}}]"#), "name_too_long", "item[0].name"),
    ] {
        refused(collection(item), code, path);
    }
}

#[test]
fn what_is_not_json_is_told_by_place() {
    let json = collection("[{\"item\":[\n  {\"request\":{\"method\":\"GET\",\"url\":\"https://example.com\"}}]}]");
    let at = |mark: &str| json.find(mark).unwrap() + mark.len();
    let path = "item[0].item[0].request.method";
    let message = refused(&json[..at(r#""method":"G"#)], "not_json", path);
    assert!(message.contains("line 2 column 25"), "{message}");
    refused(json.replace(r#""GET""#, "GET"), "not_json", path);
    refused(&json[..json.len() - 1], "not_json", "item");
    refused(format!("{json}x"), "not_json", "");
    refused("", "not_json", "");
    refused("\u{feff}", "not_json", "");
    let mut bytes = json.clone().into_bytes();
    bytes[at(r#""method":"#) + 1] = 0xff;
    let message = refused(&bytes, "not_json", path);
    assert!(message.contains(&format!("byte {} ", at(r#""method":"#) + 1)), "{message}");
    // Wherever a file is cut, there is a fault and no panic.
    for end in (0..CONDUIT.len()).step_by(997) {
        assert_eq!(read(&CONDUIT[..end]).unwrap_err().code, "not_json");
    }
}

#[test]
fn what_is_too_much_is_refused_soon() {
    let start = Instant::now();
    let size = 64 << 20;
    refused("[".repeat(size), "too_deep", &"[0]".repeat(120));
    let nested = r#"{"item":["#.repeat(size / 9);
    refused(&nested, "too_deep", &vec!["item[0]"; 60].join("."));
    let nested = |levels| collection(&format!("{}[]{}", r#"[{"name":"F","item":"#.repeat(levels), "}]".repeat(levels)));
    same(&nested(59));
    refused(nested(60), "too_deep", &vec!["item[0]"; 60].join("."));
    // Brackets in text are none.
    same(&collection(&format!(r#"[{{"name":"\"{}","item":[]}}]"#, "[{".repeat(200))));
    // The collection is one of them.
    let last = MAX_ITEMS - 1;
    let many = format!("[{}{{}}]", "{},".repeat(2_000_000));
    refused(collection(&many), "too_many_items", &format!("item[{last}]"));
    let path = format!("item[0].response[{}]", last - 1);
    refused(collection(&format!(r#"[{{"request":{{}},"response":{many}}}]"#)), "too_many_items", &path);
    let fits = format!("[{}]", vec!["{\"request\":{}}"; last].join(","));
    assert_eq!(items(collection(&fits)).len(), MAX_ITEMS);
    // A large file at a great depth is read once, not once a level.
    let (open, close) = (r#"{"name":"F","item":[ "#.repeat(50), "]}".repeat(50));
    let deep = format!(r#"[{open}{{"request":{{"body":"{}"}}}}{close}]"#, "x".repeat(size / 8));
    assert_eq!(items(collection(&deep)).len(), 52);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// Any value; the numbers are such as text and value agree on.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |n| n.is_finite()).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((".{0,4}", inner), 0..3).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// An object of `fields` and random others, in any order.
fn object(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let known: Vec<_> = fields.into_iter().map(|(key, value)| value.prop_map(move |v| (key.to_owned(), v))).collect();
    let other = prop_oneof![
        4 => "[a-z]{1,2}".prop_map(String::from),
        2 => prop::sample::select(vec!["_loggia", "id", "_postman_id", "description", "auth", "event"]).prop_map(String::from),
    ];
    (known, prop::collection::vec((other, anything()), 0..4))
        .prop_map(|(mut known, others)| {
            known.extend(others);
            known
        })
        .prop_shuffle()
        // A name or list that is to be absent.
        .prop_map(|all| all.into_iter().filter(|(_, value)| *value != json!("\u{0}absent")).collect())
        .boxed()
}

fn absent() -> Just<Value> {
    Just(json!("\u{0}absent"))
}

fn name() -> BoxedStrategy<Value> {
    prop_oneof![6 => ".{0,12}".prop_map(Value::from), 1 => Just(Value::Null), 1 => absent()].boxed()
}

fn entry() -> impl Strategy<Value = Value> {
    let method = prop_oneof![Just(json!("GET")), Just(Value::Null), absent()].boxed();
    let request = prop_oneof![4 => object(vec![("method", method)]), 1 => ".{0,9}".prop_map(Value::from)].boxed();
    let example = object(vec![("name", name()), ("item", anything().boxed()), ("request", anything().boxed())]);
    let examples = prop::collection::vec(example, 0..3).prop_map(Value::from);
    let response = prop_oneof![4 => examples, 1 => Just(Value::Null), 1 => absent()].boxed();
    let request = object(vec![("name", name()), ("request", request), ("response", response)]);
    request.prop_recursive(4, 12, 3, |inner| {
        let list = prop::collection::vec(inner, 0..4).prop_map(Value::from).boxed();
        object(vec![("name", name()), ("item", list), ("response", anything().boxed())])
    })
}

fn whole() -> impl Strategy<Value = Value> {
    let info = object(vec![("name", name()), ("schema", Just(json!(SCHEMA)).boxed())]);
    let list = prop::collection::vec(entry(), 0..5).prop_map(Value::from).boxed();
    object(vec![("info", info), ("item", list), ("name", anything().boxed())])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_of_an_import_is_the_file(file in whole()) {
        let text = file.to_string();
        let out = there_and_back(&text);
        prop_assert_eq!(&out.parse::<Value>().unwrap(), &file);
        prop_assert_eq!(out, text);
    }

    #[test]
    fn nothing_makes_it_panic(file in whole(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = file.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(Import::Collection(items)) = read(&bytes) {
            export(&tree(&items)).unwrap();
        }
    }
}
