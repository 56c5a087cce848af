//! Every kind of check accepts and refuses, shortly and without harm from what it is given.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::bench::plan::Variant;

const LABELS: [&str; 5] = ["Technology", "Business", "Health", "Entertainment", "Other"];

fn check(kind: &str, value: Value) -> Check {
    Check { kind: kind.into(), value, ..Check::default() }
}

/// Why an answer does not pass, where a case has this label among others.
fn why(check: Check, label: Option<&str>, others: &[&str], answer: &str) -> Option<String> {
    let case = |expect: Option<&str>| Case { expect: expect.map(str::to_owned), ..Case::default() };
    let cases = std::iter::once(label).chain(others.iter().copied().map(Some)).map(case).collect();
    let plan = Plan { cases, checks: vec![check], variants: vec![Variant::default()], ..Plan::default() };
    let trial = Trial { id: 0, model: 0, variant: 0, case: 0, block: 0, warmup: false };
    Checks::of(&plan).failures(&plan, &trial, answer).into_iter().next().map(|failure| failure.why)
}

fn passes(kind: &str, value: impl Into<Value>, answer: &str) -> bool {
    why(check(kind, value.into()), None, &[], answer).is_none()
}

fn gives(answer: &str, label: &str, others: &[&str]) -> bool {
    why(check("expected", Value::Null), Some(label), others, answer).is_none()
}

fn refused(kind: &str, value: Value) -> Wrong {
    Readying::default().ready(&check(kind, value)).expect_err("refused")
}

#[test]
fn words_are_counted() {
    assert!(passes("max_words", 3, "one two\n three ") && !passes("max_words", 2, "one two three"));
    assert!(passes("min_words", 3, "one two three") && !passes("min_words", 3, " one  two "));
    assert!(!passes("min_words", 1, " \n"));
}

#[test]
fn texts_are_compared_by_their_letters() {
    assert!(passes("contains", "bedrock", "About Bedrock.") && !passes("contains", "bedrock", "About AWS."));
    assert!(passes("contains", "Machine  learning", "of machine\nlearning"));
    assert!(!passes("not_contains", "as an AI", "As an ai model,") && passes("not_contains", "as an AI", "Well."));
    assert!(passes("equals", "Yes", "  yes\n") && passes("equals", "in two lines", "In\n\ntwo lines"));
    assert!(!passes("equals", "Yes", "Yes.") && !passes("equals", "Yes", "Oh yes") && !passes("equals", "Yes", ""));
    // Letters that have two forms of one case, and letters that nobody sees.
    assert!(passes("contains", "ΟΔΟΣ", "η οδος") && passes("equals", "STRASSE", "Straße"));
    assert!(passes("equals", "yes", "\u{FEFF}ye\u{200B}s"));
}

#[test]
fn regular_expressions_search_anywhere() {
    assert!(passes("regex", r"\bv\d+\b", "see v12.") && !passes("regex", r"^v\d+$", "see v12."));
    assert!(passes("regex", "(?i)^yes$", "YES") && !passes("regex", "^yes$", "YES"));
    assert_eq!(refused("regex", json!("a(b")).why.as_deref(), Some("unclosed group"));
    assert!(refused("regex", json!("(?=a)")).why.is_some_and(|why| why.starts_with("look-around")));
    assert!(refused("regex", json!(r"\w{1000}")).why.is_some_and(|why| why.contains("too large")));
}

#[test]
fn json_is_the_whole_answer_or_one_fence() {
    for good in ["{\"a\": [1]}", " [1]\n", "3", "```json\n{}\n```", "\n```\n[1,\n2]\n```\n", "```JSON \r\n{}```"] {
        assert!(passes("json", Value::Null, good), "{good:?}");
    }
    let deep = "[".repeat(100_000);
    for bad in ["", "Here it is: {}", "{} Enjoy!", "Sure:\n```json\n{}\n```", "```rust\n{}\n```", "{'a': 1}", &deep] {
        assert!(!passes("json", Value::Null, bad), "{bad:?}");
    }
    let says = |answer: &str| why(check("json", Value::Null), None, &[], answer).expect("refused");
    assert_eq!(says("Here it is: {}"), "other text stands before the JSON");
    assert_eq!(says("{\"a\": 1,}"), "no JSON: trailing comma at line 1 column 9");
}

#[test]
fn a_schema_says_where_it_does_not_hold() {
    let schema = json!({
        "title": "An order", "type": "object", "required": ["id"], "additionalProperties": false,
        "properties": {"id": {"type": "integer"}, "items": {"type": "array", "items": {"type": "string"}}},
    });
    assert!(passes("json_schema", schema.clone(), "```json\n{\"id\": 1, \"items\": [\"a\"]}\n```"));
    let says = |answer: &str| why(check("json_schema", schema.clone()), None, &[], answer).expect("refused");
    assert_eq!(says("{\"id\": 1, \"items\": [\"a\", 2]}"), "/items/1: value is not of type \"string\"");
    assert_eq!(says("{}"), "the document: \"id\" is a required property");
    assert_eq!(says("prose"), "no JSON: expected value at line 1 column 1");
    let hostile = says(&json!({"id": 1, format!("\u{1b}[2J{}", "x".repeat(5_000)): 1}).to_string());
    assert!(hostile.chars().count() < 150 && !hostile.contains(char::is_control), "{hostile}");
    // Nothing is fetched, and patterns cannot take for ever.
    let why = |schema: Value| refused("json_schema", schema).why.unwrap_or_default();
    assert!(why(json!({"$ref": "https://example.com/s.json"})).contains("'https://example.com/s.json'"));
    assert!(why(json!({"properties": {"a": {"minimum": "x"}}})).starts_with("/properties/a/minimum: "));
    assert!(why(json!({"pattern": "(?=a)"})).starts_with("/pattern: "));
    assert!(!passes("json_schema", json!({"pattern": "^(a+)+$"}), &format!("\"{}!\"", "a".repeat(50_000))));
    assert!(passes("json_schema", json!({"allOf": [{"$ref": "#"}]}), "1"), "a schema that is its own part");
}

#[test]
fn a_label_is_found_as_the_answer() {
    for answer in [
        "Business",
        "  business.\n",
        "**Business**",
        "_Business_",
        "`Business`",
        "\"Business\"",
        "Category: Business",
        "Category:Business",
        "**Category:** Business",
        "The category is Business.",
        "This text belongs to the **business** category.",
        "{\"category\": \"Business\"}",
        "<answer>Business</answer>",
        "\\boxed{Business}",
        "# Business",
        "Business (confidence: 95%)",
        "BUSINESS!",
        "Business\n\nThe text deals with earnings; technology is a side note.",
        "**Category: Business**\n\nReasoning: it mentions health spending.",
        "Answer: Business. The technology is not what it is about.",
        "1. Business\n\nIt is not about entertainment.",
    ] {
        assert!(gives(answer, "Business", &LABELS), "{answer:?}");
    }
    for answer in [
        "",
        "Technology",
        "Businesslike",
        "Agribusiness",
        "non-business",
        "not_business",
        "Technology, Business, Health, Entertainment, or Other",
        "Technology, Business, or Other",
        "- Technology\n- Business\n- Health\n- Entertainment\n- Other",
        "1. Technology\n2. Business",
        "Options: Technology\nBusiness",
        "Business or Technology",
        "Business/Technology",
        "Business, Technology",
        "It is about business. Category: Technology",
        "Technology\n\nIt touches business too.",
        "I cannot tell.",
    ] {
        assert!(!gives(answer, "Business", &LABELS), "{answer:?}");
    }
    let says = |answer: &str| why(check("expected", Value::Null), Some("Business"), &LABELS, answer);
    assert_eq!(says("Technology").as_deref(), Some("expected \"Business\""));
    assert_eq!(says("Business or Health").as_deref(), Some("expected \"Business\", but \"Health\" stands there too"));
}

#[test]
fn a_label_inside_a_longer_one_is_another() {
    let all = ["Health", "Health Care", "Business & Finance", "Business"];
    assert!(gives("Health care", "Health Care", &all) && !gives("Health care", "Health", &all));
    assert!(gives("business & finance", "Business & Finance", &all) && !gives("business & finance", "Business", &all));
    assert!(!gives("Health Care and Health", "Health", &all) && !gives("Health Care and Health", "Health Care", &all));
    assert!(gives("Not spam.", "not spam", &["spam"]) && !gives("Not spam.", "spam", &["not spam"]));
    // What joins the words of a label is a matter of taste.
    assert!(gives("Not-Spam", "not_spam", &["spam"]) && gives("health‑care", "Health Care", &all));
}

#[test]
fn punctuation_is_part_of_a_label() {
    let all = ["C", "C++", "C#", ".NET", "N/A", "R&D", "A+", "A"];
    for label in all {
        for answer in [label.to_lowercase(), format!("**{label}**"), format!("It is {label}."), format!("({label})")] {
            assert!(gives(&answer, label, &all), "{label} in {answer:?}");
            assert!(all.iter().all(|other| *other == label || !gives(&answer, other, &all)), "{label} in {answer:?}");
        }
    }
    // Also where the longer one is nobody's label.
    for (label, answer) in [
        ("C", "C++"),
        ("C", "C#"),
        ("A", "N/A"),
        (".NET", "ASP.NET"),
        ("can", "can't"),
        ("1", "1.5"),
        ("1", "-1"),
        ("1", "10"),
        ("5", "1,500"),
    ] {
        assert!(!gives(answer, label, &[]), "{label} in {answer:?}");
    }
    for (label, answer) in [("-1", "Score: −1"), ("0", "0."), ("1", "1, I think"), ("1", "(1)"), ("?", "?")] {
        assert!(gives(answer, label, &["-1", "0", "1"]), "{label} in {answer:?}");
    }
}

#[test]
fn labels_of_every_script_are_found() {
    for (label, answer) in [
        ("商业", "这个文本的类别是商业。"),
        ("ビジネス", "カテゴリはビジネスです。"),
        ("비즈니스", "이 글은 비즈니스입니다."),
        ("ธุรกิจ", "ข้อความนี้คือธุรกิจครับ"),
        ("Бизнес", "Категория: **бизнес**"),
        ("Επιχειρήσεις", "ΚΑΤΗΓΟΡΊΑ: ΕΠΙΧΕΙΡΉΣΕΙΣ"),
        ("व्यापार", "श्रेणी: व्यापार।"),
        ("أعمال", "الفئة: أعمال."),
        ("Größe", "GRÖSSE"),
        ("Santé", "C'est « santé »."),
        ("AI", "这是AI技术"),
        ("🎬", "Category: 🎬"),
    ] {
        assert!(gives(answer, label, &["其他", "Other"]), "{label} in {answer:?}");
        assert!(!gives("其他", label, &["其他", "Other"]), "{label}");
    }
    assert!(!gives("商业、健康", "商业", &["健康"]));
    assert!(!gives("Бизнесмен", "Бизнес", &[]) && !gives("sante\u{301}", "Sante", &[]));
}

#[test]
fn likeness_has_a_threshold() {
    let like = |text: Value, threshold: Option<f64>, label: Option<&str>, answer: &str| {
        why(Check { threshold, ..check("similar_to", text) }, label, &[], answer)
    };
    assert_eq!(like(json!("The colour is grey"), None, None, "  the COLOR\nis gray "), None);
    assert_eq!(like(json!("abcde"), None, None, "abcdx"), None);
    assert_eq!(like(json!("abcde"), Some(0.81), None, "abcdx").as_deref(), Some("0.80 alike, at least 0.81"));
    assert_eq!(like(Value::Null, Some(1.0), Some("Paris"), "paris"), None);
    assert_eq!(like(Value::Null, None, Some("Paris"), "").as_deref(), Some("0.00 alike, at least 0.8"));
    assert_eq!(like(Value::Null, None, None, "x").as_deref(), Some("the case has no `expect`"));
}

#[test]
fn likeness_tells_long_texts_apart() {
    // Two texts of the same few words in another order have nearly the same pairs of letters.
    let text =
        |step: usize, words: usize| (0..words).map(|n| format!("word{}", n * step % 97)).collect::<Vec<_>>().join(" ");
    for words in [80, 1_500] {
        let (one, other) = (text(1, words), text(31, words));
        assert!(similar::similarity(&one, &one) == 1.0);
        assert!(similar::similarity(&one, &other) < 0.8, "{words}: {}", similar::similarity(&one, &other));
        let nearly = one.replacen("word7", "wort7", 1);
        assert!(similar::similarity(&one, &nearly) > 0.98);
    }
    assert!(similar::similarity("a few words", &"x".repeat(1_000_000)) < 0.01);
    assert!(similar::similarity(&text(1, 2_000), &"x ".repeat(500_000)) < 0.01);
}

#[test]
fn values_are_tried() {
    for (kind, value, expected) in [
        ("contains", json!(" "), "a text that is not empty"),
        ("not_contains", json!(5), "a text that is not empty"),
        ("equals", json!(null), "a text that is not empty"),
        ("regex", json!(""), "a regular expression"),
        ("json", json!(true), "left out: `json` takes none"),
        ("json_schema", json!("schema.toml"), "a JSON schema: a table, or the path of a .json file"),
        ("max_words", json!(0), "a whole number above 0"),
        ("min_words", json!(1.5), "a whole number above 0"),
        ("expected", json!("x"), "left out: the label stands in the case"),
        ("similar_to", json!(""), "a text of at most 2,000 words, or left out: the case's `expect` is meant then"),
    ] {
        assert_eq!(refused(kind, value), Wrong { expected, why: None }, "{kind}");
    }
}

#[test]
fn labels_of_checks_are_short() {
    let long = "a very long text that goes on and on";
    let label = |kind: &str, value: Value| check(kind, value).label();
    assert_eq!(label("max_words", json!(120)), "max_words 120");
    assert_eq!(label("regex", json!(long)), "regex \"a very long text that go…\"");
    assert_eq!(label("json_schema", json!({"title": "An order", "type": "object"})), "json_schema An order");
    assert_eq!(label("json_schema", json!({"type": "object"})), "json_schema");
    assert_eq!(Check { threshold: Some(0.9), ..check("similar_to", Value::Null) }.label(), "similar_to 0.9");
}

#[test]
fn equal_checks_are_made_ready_once_and_unknown_ones_refuse() {
    let mut readying = Readying::default();
    let mut ready = |value: &str| readying.ready(&check("regex", json!(value))).expect("good");
    assert!(Arc::ptr_eq(&ready("a"), &ready("a")) && !Arc::ptr_eq(&ready("a"), &ready("b")));
    assert_eq!(why(check("new", json!(1)), None, &[], "x").as_deref(), Some("this version cannot make this check"));
}

#[test]
fn checks_of_old_journals_are_read() {
    let old: Check = serde_json::from_value(json!({"kind": "expected"})).expect("readable");
    assert_eq!(old, check("expected", Value::Null));
    let case: Case = serde_json::from_value(json!({"id": "1"})).expect("readable");
    assert!(case.checks.is_empty());
}

/// Letters, marks, punctuation and white space as labels and hostile answers may hold them.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[abAB+#.,:/_' \n*`{}\\[\\]\"\u{301}商業ßς\u{200d}-]{0,60}"]
}

proptest! {
    #[test]
    fn no_answer_breaks_a_check(answer in hostile(), text in hostile(), other in hostile()) {
        for kind in CHECKS {
            for value in [Value::Null, json!(text), json!(3), json!({"type": "object"})] {
                let Some(why) = why(check(kind.name, value), Some(&text), &[&other], &answer) else { continue };
                prop_assert!(why.chars().count() <= 200 && !why.contains(|c: char| c.is_control()), "{:?}", why);
            }
        }
    }

    #[test]
    fn a_label_is_given_by_itself_and_by_no_list(
        labels in prop::collection::hash_set("[a-z]{1,6}([+#]{1,2}|[ /-][a-z]{1,6})?", 2..6),
        before in "(|\\*\\*|Category: |The answer is |`)",
    ) {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let plain = |label: &str| label.replace('-', " ");
        // Those of one reading are one label, and the words of the frame are none.
        prop_assume!(labels.iter().enumerate().all(|(i, a)| labels[..i].iter().all(|b| plain(a) != plain(b))));
        prop_assume!(!labels.iter().any(|label| plain(label).split(' ').any(|w| ["category", "the", "answer", "is"].contains(&w))));
        for label in &labels {
            let answer = format!("{before}{label}");
            prop_assert!(gives(&answer, label, &labels), "{}", answer);
            prop_assert!(!gives(&labels.join(", "), label, &labels));
            prop_assert!(!gives(&labels.join("\n"), label, &labels));
        }
    }

    #[test]
    fn likeness_is_a_share(a in hostile(), b in hostile()) {
        let alike = similar::similarity(&a, &b);
        prop_assert!((0.0..=1.0).contains(&alike));
        prop_assert_eq!(similar::similarity(&a, &a), 1.0);
    }
}
