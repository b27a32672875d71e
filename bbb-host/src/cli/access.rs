//! Access to a data directory: over the socket of the process that holds it, or by holding it oneself.

use std::sync::Arc;

use bbb_agents::handle::Command;
use bbb_core::event::Event;
use bbb_core::id::BusinessId;
use bbb_core::journal::chain::{Head, Record};
use bbb_core::journal::checkpoint::{Checkpoint, Signed};
use bbb_core::money::Cents;
use bbb_core::oversight::recheck::Rechecked;

use crate::cli::{Common, runtime};
use crate::control::client::Client;
use crate::data_dir::{DataDir, HOLDER_RETRIES, HOLDER_RETRY_WAIT, holder_is_silent};
use crate::fault::{Fault, Kind};
use crate::service::contacts::{ContactRow, Imported, News, Noted, Who};
use crate::service::inbox::OwnersInbox;
use crate::service::{MAX_PAGE_RECORDS, Now, Row, Service, unknown};
use crate::store::redb::RedbStore;

/// Whom a command asks.
pub(super) enum Access {
    /// The process that holds the directory.
    Remote(Client),
    /// Nobody else holds it: this process does, for as long as this lives.
    Local(Box<Local>),
}

pub(super) struct Local {
    service: Service,
    runtime: tokio::runtime::Runtime,
}

/// Whoever comes first: the process that listens, or this one.
pub(super) enum Holder {
    Other(Client),
    This(RedbStore),
}

/// Finds out who holds a directory. A process that is just starting or ending is waited for, a few seconds at most.
pub(super) fn holder(data: &DataDir) -> Result<Holder, Fault> {
    for _ in 0..HOLDER_RETRIES {
        if let Some(client) = Client::connect(data)? {
            return Ok(Holder::Other(client));
        }
        if let Some(store) = data.try_open_store()? {
            return Ok(Holder::This(store));
        }
        std::thread::sleep(HOLDER_RETRY_WAIT);
    }
    Err(holder_is_silent(data.path()))
}

impl Access {
    /// Access to the directory of the command line, which must be there.
    pub(super) fn open(common: &Common) -> Result<Access, Fault> {
        let data = DataDir::existing(&common.data)?;
        if !data.has_store() {
            return Err(Fault::not_found(format!("nothing was launched in {} yet", data.path().display())));
        }
        match holder(&data)? {
            Holder::Other(client) => Ok(Access::Remote(client)),
            Holder::This(store) => {
                let service = Service::new(data, Arc::new(store));
                Ok(Access::Local(Box::new(Local { service, runtime: runtime(1)? })))
            }
        }
    }

    pub(super) fn list(&self) -> Result<Vec<Row>, Fault> {
        match self {
            Access::Remote(client) => client.list(),
            Access::Local(local) => local.runtime.block_on(local.service.list()),
        }
    }

    pub(super) fn now(&self, id: BusinessId) -> Result<Now, Fault> {
        match self {
            Access::Remote(client) => client.now(id),
            Access::Local(local) => local.runtime.block_on(local.service.now(id)),
        }
    }

    pub(super) fn inbox(&self, id: BusinessId) -> Result<OwnersInbox, Fault> {
        match self {
            Access::Remote(client) => client.inbox(id),
            Access::Local(local) => local.runtime.block_on(local.service.inbox(id)),
        }
    }

    pub(super) fn records(&self, id: BusinessId, after: u64, limit: usize) -> Result<Vec<Record>, Fault> {
        match self {
            Access::Remote(client) => client.records(id, after, limit),
            Access::Local(local) => local.runtime.block_on(local.service.records(id, after, limit)),
        }
    }

    /// Signs where a journal ends now.
    pub(super) fn checkpoint(&self, id: BusinessId) -> Result<Checkpoint, Fault> {
        match self {
            Access::Remote(client) => client.checkpoint(id),
            Access::Local(local) => local.runtime.block_on(local.service.checkpoint(id)),
        }
    }

    /// The checkpoints of a business, with the keys.
    pub(super) fn signed(&self, id: BusinessId) -> Result<Option<Signed>, Fault> {
        match self {
            Access::Remote(client) => client.signed(id),
            Access::Local(local) => local.runtime.block_on(local.service.signed(id)),
        }
    }

    pub(super) fn recheck(&self, id: BusinessId, texts: Vec<String>) -> Result<Vec<Rechecked>, Fault> {
        match self {
            Access::Remote(client) => client.recheck(id, texts),
            Access::Local(local) => local.runtime.block_on(local.service.recheck(id, &texts)),
        }
    }

    pub(super) fn bound(&self, but: Option<BusinessId>) -> Result<Cents, Fault> {
        match self {
            Access::Remote(client) => client.bound(but),
            Access::Local(local) => local.runtime.block_on(local.service.bound(but)),
        }
    }

    pub(super) fn command(&self, id: BusinessId, command: Command) -> Result<(), Fault> {
        match self {
            Access::Remote(client) => client.command(id, command),
            Access::Local(local) => local.runtime.block_on(local.service.command(id, command)),
        }
    }

    pub(super) fn contacts(&self, id: BusinessId) -> Result<Vec<ContactRow>, Fault> {
        match self {
            Access::Remote(client) => client.contacts(id),
            Access::Local(local) => local.runtime.block_on(local.service.contacts(id)),
        }
    }

    pub(super) fn tell_of(&self, id: BusinessId, who: Who, news: News) -> Result<Noted, Fault> {
        match self {
            Access::Remote(client) => client.tell_of(id, who, news),
            Access::Local(local) => local.runtime.block_on(local.service.tell_of(id, &who, news)),
        }
    }

    pub(super) fn import(&self, id: BusinessId, list: String) -> Result<Imported, Fault> {
        match self {
            Access::Remote(client) => client.import(id, list),
            Access::Local(local) => local.runtime.block_on(local.service.import(id, &list)),
        }
    }

    /// The whole journal, up to where it ends when this is called; its chain is verified here.
    pub(super) fn journal(&self, id: BusinessId) -> Result<(Vec<Record>, Head), Fault> {
        let end = self.row(id)?.events;
        let (mut records, mut head) = (Vec::new(), Head::EMPTY);
        while head.sequence < end {
            let page = self.records(id, head.sequence, MAX_PAGE_RECORDS)?;
            if page.is_empty() {
                return Err(Fault::new(Kind::Corrupted, format!("the journal of {id} ends at event {}, not at {end}", head.sequence)));
            }
            for record in page {
                head = record.follow(&head)?;
                records.push(record);
            }
        }
        Ok((records, head))
    }

    /// One business as it stands in the list.
    pub(super) fn row(&self, id: BusinessId) -> Result<Row, Fault> {
        self.list()?.into_iter().find(|row| row.business == id).ok_or_else(|| unknown(id))
    }

    /// The business of the command line, or the only one.
    pub(super) fn pick(&self, id: Option<BusinessId>) -> Result<BusinessId, Fault> {
        let Some(id) = id else { return only(&self.list()?) };
        Ok(id)
    }
}

/// The only business; or an error that lists them.
pub(super) fn only(rows: &[Row]) -> Result<BusinessId, Fault> {
    match rows {
        [] => Err(Fault::not_found("no business was launched in this data directory yet")),
        [row] => Ok(row.business),
        rows => {
            let lines: Vec<String> = rows.iter().map(|row| format!("\n  {}  {} ({})", row.business, row.title(), row.world)).collect();
            Err(Fault::usage(format!("there are {} businesses here; say which:{}", rows.len(), lines.concat())))
        }
    }
}

/// The events in records.
pub(super) fn decode(records: &[Record]) -> Result<Vec<Event>, Fault> {
    Ok(records.iter().map(Record::decode).collect::<Result<_, _>>()?)
}
