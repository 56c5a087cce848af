//! Weighing: works verdicts out beside the dashboard, on a thread of its own.

use std::sync::mpsc::{self, Sender};
use std::thread;

use crate::cli::desk::Inbox;
use crate::tui::judged::Evidence;
use crate::tui::message::Msg;

/// Works out what it is given, and answers into an inbox; its thread begins with the first.
#[derive(Debug)]
pub struct Scales {
    inbox: Inbox,
    asks: Option<Sender<Box<Evidence>>>,
}

impl Scales {
    /// Nothing was asked yet.
    pub fn new(inbox: Inbox) -> Self {
        Self { inbox, asks: None }
    }

    /// Works a verdict out; the answer is [`Msg::Weighed`].
    pub fn weigh(&mut self, evidence: Box<Evidence>) {
        if self.asks.is_none() {
            self.asks = begin(self.inbox.clone());
        }
        let left = match &self.asks {
            Some(asks) => asks.send(evidence).err().map(|unsent| unsent.0),
            None => Some(evidence),
        };
        // Without a thread the screen waits for it.
        if let Some(evidence) = left {
            drop(self.inbox.send(Msg::Weighed(Box::new(evidence.weigh()))));
        }
    }
}

fn begin(inbox: Inbox) -> Option<Sender<Box<Evidence>>> {
    let (asks, asked) = mpsc::channel::<Box<Evidence>>();
    let weigh = move || {
        for evidence in asked {
            if inbox.send(Msg::Weighed(Box::new(evidence.weigh()))).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("verdicts".into()).spawn(weigh).ok().map(|_| asks)
}
