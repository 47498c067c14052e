//! Questions that wait for an HTTP answer: what was asked, under the id that the answer will carry. An answer to a question that was
//! forgotten finds nothing here and is dropped.

use alloc::vec::Vec;

use crate::io::RequestId;
use crate::time::Now;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Asked {
    /// The deployment's settings.
    Deployment,
    /// A token from the endpoint, at this time.
    Token(Now),
    /// A token of the widget's own making.
    OwnToken,
    /// That a message be taken.
    Text {
        /// Counted from 1.
        attempt: u32,
    },
    /// A page of history.
    History {
        /// Counted from 1, the newest.
        page: u32,
    },
}

/// All open questions. At most one of a kind is open at a time, so this stays as short as [`Asked`] has variants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    last: u32,
    open: Vec<(RequestId, Asked)>,
}

impl Pending {
    /// From here on ids are greater than that.
    pub(crate) fn count_from(&mut self, last: u32) {
        self.last = last;
    }

    /// Notes a question. An earlier one of the same kind is forgotten.
    pub(crate) fn ask(&mut self, asked: Asked) -> RequestId {
        self.forget(|open| core::mem::discriminant(open) == core::mem::discriminant(&asked));
        self.last = self.last.wrapping_add(1);
        self.open.push((RequestId(self.last), asked));
        RequestId(self.last)
    }

    /// What the answer under this id answers.
    pub(crate) fn answer(&mut self, id: RequestId) -> Option<Asked> {
        let at = self.open.iter().position(|(open, _)| *open == id)?;
        Some(self.open.remove(at).1)
    }

    pub(crate) fn forget(&mut self, which: impl Fn(&Asked) -> bool) {
        self.open.retain(|(_, asked)| !which(asked));
    }

    pub(crate) fn is_open(&self, which: impl Fn(&Asked) -> bool) -> bool {
        self.open.iter().any(|(_, asked)| which(asked))
    }
}
