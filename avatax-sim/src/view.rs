//! What reads see of a company.
//!
//! The real service is believed to answer reads from copies that lag behind. So what was created is hidden from reads
//! for as long as the configuration says, while writes, which work on the company itself, know it at once. Every read
//! goes through a [`View`], and nothing else decides what can be seen. [`Fresh`] remembers what is still hidden and
//! forgets it as time goes by. It is not kept in the state file: after a restart everything shows.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    certificates::Certificate,
    customers::Customer,
    error::{ApiError, ApiResult},
    invitations::Invitation,
    world::Company,
};

/// Something that was created, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    Customer(u64),
    Certificate(u64),
    /// Customer and certificate.
    Link(u64, u64),
    Invitation(u64),
}

/// What reads do not show yet.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    lag: Duration,
    /// From when on each is shown.
    hidden: BTreeMap<Thing, Timestamp>,
    /// The same in order of time.
    queue: VecDeque<(Timestamp, Thing)>,
}

impl Fresh {
    pub(crate) fn new(lag: Duration) -> Self {
        Self { lag, ..Self::default() }
    }

    /// Hides something that was created just now.
    pub(crate) fn add(&mut self, now: Timestamp, thing: Thing) {
        while let Some((until, old)) = self.queue.front().copied()
            && until <= now
        {
            self.queue.pop_front();
            // It may have been taken away and created again in the meantime.
            if self.hidden.get(&old).is_some_and(|until| *until <= now) {
                self.hidden.remove(&old);
            }
        }
        if self.lag.is_zero() {
            return;
        }
        let until = now.checked_add(self.lag).unwrap_or(Timestamp::MAX);
        self.hidden.insert(thing, until);
        self.queue.push_back((until, thing));
    }

    fn shows(&self, now: Timestamp, thing: Thing) -> bool {
        self.hidden.get(&thing).is_none_or(|until| *until <= now)
    }
}

/// A company as it is seen at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    company: &'a Company,
    /// None sees everything.
    now: Option<Timestamp>,
}

impl<'a> View<'a> {
    /// What reads see.
    pub(crate) fn reading(company: &'a Company, now: Timestamp) -> Self {
        Self { company, now: Some(now) }
    }

    /// Everything there is, for the answers of writes.
    pub(crate) fn whole(company: &'a Company) -> Self {
        Self { company, now: None }
    }

    pub(crate) fn company_id(self) -> u64 {
        self.company.id
    }

    fn shows(self, thing: Thing) -> bool {
        self.now.is_none_or(|now| self.company.fresh.shows(now, thing))
    }

    fn customer_by_id(self, id: u64) -> Option<&'a Customer> {
        self.company.customers.get(&id).filter(|_| self.shows(Thing::Customer(id)))
    }

    fn certificate_by_id(self, id: u64) -> Option<&'a Certificate> {
        self.company.certificates.get(&id).filter(|_| self.shows(Thing::Certificate(id)))
    }

    /// The customer with exactly this code.
    pub(crate) fn customer(self, code: &str) -> ApiResult<&'a Customer> {
        let id = self.company.codes.get(code).copied();
        id.and_then(|id| self.customer_by_id(id)).ok_or_else(|| ApiError::not_found("customer", code))
    }

    /// The id of the customer with this code, if it shows.
    pub(crate) fn customer_id(self, code: &str) -> Option<u64> {
        self.customer(code).ok().map(|customer| customer.id)
    }

    /// Customers with these ids.
    pub(crate) fn customers_among(
        self,
        ids: impl Iterator<Item = &'a u64>,
    ) -> impl Iterator<Item = &'a Customer> {
        ids.filter_map(move |id| self.customer_by_id(*id))
    }

    pub(crate) fn customers(self) -> impl Iterator<Item = &'a Customer> {
        self.company.customers.values().filter(move |row| self.shows(Thing::Customer(row.id)))
    }

    pub(crate) fn certificate(self, id: u64) -> ApiResult<&'a Certificate> {
        self.certificate_by_id(id).ok_or_else(|| ApiError::not_found("certificate", &id.to_string()))
    }

    pub(crate) fn certificates(self) -> impl Iterator<Item = &'a Certificate> {
        self.company.certificates.values().filter(move |row| self.shows(Thing::Certificate(row.id)))
    }

    /// Certificates that a customer is linked to.
    pub(crate) fn certificates_of(
        self,
        customer: &'a Customer,
    ) -> impl DoubleEndedIterator<Item = &'a Certificate> {
        let linked = customer.certificates.iter();
        linked
            .filter(move |id| self.shows(Thing::Link(customer.id, **id)))
            .filter_map(move |id| self.certificate_by_id(*id))
    }

    /// Customers that a certificate is linked to.
    pub(crate) fn customers_of(self, certificate: &'a Certificate) -> impl Iterator<Item = &'a Customer> {
        let linked = certificate.customers.iter();
        self.customers_among(linked.filter(move |id| self.shows(Thing::Link(**id, certificate.id))))
    }

    pub(crate) fn invitation(self, id: u64) -> Option<&'a Invitation> {
        self.company.invitations.get(&id).filter(|_| self.shows(Thing::Invitation(id)))
    }

    pub(crate) fn invitations(self) -> impl Iterator<Item = &'a Invitation> {
        self.company.invitations.values().filter(move |row| self.shows(Thing::Invitation(row.id)))
    }

    /// Ids of the invitations of a customer, shown or not.
    pub(crate) fn invited(self, code: &str) -> impl Iterator<Item = u64> {
        self.company.invited.get(code).into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_show_after_a_while_and_are_forgotten() {
        let at = |millis: i64| Timestamp::from_millisecond(millis).unwrap();
        let mut fresh = Fresh::new(Duration::from_millis(100));
        fresh.add(at(0), Thing::Customer(1));
        fresh.add(at(50), Thing::Link(1, 2));
        assert!(!fresh.shows(at(99), Thing::Customer(1)));
        assert!(fresh.shows(at(100), Thing::Customer(1)));
        assert!(fresh.shows(at(0), Thing::Certificate(1)), "another thing with that id");
        // Taken away and made again, it hides for the full time again.
        fresh.add(at(120), Thing::Link(1, 2));
        fresh.add(at(160), Thing::Customer(3));
        assert!(!fresh.shows(at(219), Thing::Link(1, 2)));
        fresh.add(at(1_000), Thing::Customer(4));
        assert_eq!((fresh.hidden.len(), fresh.queue.len()), (1, 1));
        let mut none = Fresh::new(Duration::ZERO);
        none.add(at(0), Thing::Customer(1));
        assert!(none.shows(at(0), Thing::Customer(1)) && none.queue.is_empty());
    }
}
