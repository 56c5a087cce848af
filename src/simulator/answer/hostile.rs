//! Hostile: text that would act on a terminal, a page or a spreadsheet, were it shown as it is.

/// What is put into a reply, one piece behind each sentence and all that is left at the end.
const FRAGMENTS: [&str; 12] = [
    "\u{1b}[2J\u{1b}[31m",                       // clears the screen, colours what follows
    "\u{1b}]0;owned\u{7}",                       // sets the window's title
    "<script>alert(1)</script>",                 // acts on a page
    "\u{202e}desrever\u{202c}",                  // turns the writing around
    "\u{9b}1;1H",                                // the one-character form of an escape
    "\u{0}\u{8}\u{8}",                           // nothing and backspaces
    "\rover",                                    // writes over the line
    "\u{1b}]52;c;b3duZWQ=\u{7}",                 // writes to the clipboard
    "\"><svg onload=alert(1)>",                  // leaves an attribute
    "\u{200b}\u{feff}\u{2066}",                  // has no width
    "]]>&amp;&#27;",                             // leaves a CDATA section
    "\u{1b}P+q544e\u{1b}\\\u{1b}[6n\u{1b}[?25l", // asks the terminal, hides the cursor
];

/// A reply with all fragments in it, and a spreadsheet's formula before it.
pub(super) fn taint(text: &str) -> String {
    let mut out = String::from("=HYPERLINK(\"http://127.0.0.1/\") ");
    let mut fragments = FRAGMENTS.iter();
    for sentence in text.split_inclusive(". ") {
        out.push_str(fragments.next().unwrap_or(&""));
        out.push_str(sentence);
    }
    fragments.for_each(|fragment| out.push_str(fragment));
    out
}
