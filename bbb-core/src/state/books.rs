//! The books: what was earned, spent and held, in money, tokens and messages.
//!
//! Real and simulated money have a book each, of different types. Caps are checked by [`crate::oversight::limits`]; here is only the counting.

use serde::{Deserialize, Serialize};

use crate::action::Cost;
use crate::budget::{self, Caps, Resource, Usage, Window};
use crate::money::{Amount, Cents, Currency, Kind, Money, Real, Simulated};
use crate::spec::Spec;

/// Money of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Book<K: Kind> {
    revenue: Money<K>,
    usage: Usage,
}

impl<K: Kind> Book<K> {
    /// Money that receipts prove was earned, less what customers' banks took back. Refunds count as spent.
    pub fn revenue(&self) -> Money<K> {
        self.revenue
    }

    /// Money that left.
    pub fn spent(&self) -> Money<K> {
        money(self.usage.spent)
    }

    /// Money held for effects that have not ended.
    pub fn held(&self) -> Money<K> {
        money(self.usage.held)
    }

    fn figures(&self) -> Figures {
        let Usage { spent, held, today, .. } = self.usage;
        let cents = |amount| money::<K>(amount).cents();
        Figures { revenue: self.revenue.cents(), spent: cents(spent), held: cents(held), today: cents(today) }
    }
}

fn money<K: Kind>(cents: u64) -> Money<K> {
    Money::new(Cents::new(i64::try_from(cents).unwrap_or(i64::MAX)), Currency::Usd)
}

/// The figures of a book whose kind the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Earned.
    pub revenue: Cents,
    /// Left the business.
    pub spent: Cents,
    /// Held.
    pub held: Cents,
    /// Spent or held today.
    pub today: Cents,
}

/// Both books, and the counts of tokens and messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// The hard caps.
    pub caps: Caps,
    /// Whether the business's own book is the simulated one.
    simulated_world: bool,
    /// Money of the world.
    pub real: Book<Real>,
    /// Money of the simulator.
    pub simulated: Book<Simulated>,
    /// Tokens.
    pub tokens: Usage,
    /// Messages.
    pub messages: Usage,
    /// The highest share of each cap that the owner was told of, in percent: by resource, for day, month and all.
    alerted: [[u8; 3]; 4],
}

impl Books {
    /// Empty books under the spec's caps.
    pub fn new(spec: &Spec) -> Books {
        Books {
            caps: spec.caps,
            simulated_world: spec.world.is_simulated(),
            real: Book::default(),
            simulated: Book::default(),
            tokens: Usage::default(),
            messages: Usage::default(),
            alerted: [[0; 3]; 4],
        }
    }

    /// How much of a resource was used.
    pub fn usage(&self, resource: Resource) -> &Usage {
        match resource {
            Resource::RealMoney => &self.real.usage,
            Resource::SimulatedMoney => &self.simulated.usage,
            Resource::Tokens => &self.tokens,
            Resource::Messages => &self.messages,
        }
    }

    fn usage_mut(&mut self, resource: Resource) -> &mut Usage {
        match resource {
            Resource::RealMoney => &mut self.real.usage,
            Resource::SimulatedMoney => &mut self.simulated.usage,
            Resource::Tokens => &mut self.tokens,
            Resource::Messages => &mut self.messages,
        }
    }

    /// What is left of a resource over a time: its cap less what is spent and held.
    pub fn left_of(&self, resource: Resource, window: Window) -> u64 {
        self.caps.of(resource, window).saturating_sub(self.usage(resource).over(window))
    }

    /// A budget whose use has come to a share that its owner was not told of yet.
    pub fn next_alert(&self) -> Option<(Resource, Window, u8)> {
        let windows = || [Window::Day, Window::Month, Window::Total];
        Resource::ALL.into_iter().flat_map(|resource| windows().map(move |window| (resource, window))).find_map(|(resource, window)| {
            let percent = budget::reached(self.usage(resource).over(window), self.caps.of(resource, window))?;
            (percent > self.alerted[resource as usize][window as usize - 1]).then_some((resource, window, percent))
        })
    }

    pub(super) fn alert(&mut self, resource: Resource, window: Window, percent: u8) -> Result<(), String> {
        let place = (window as usize).checked_sub(1).ok_or("there is no alert for one action")?;
        self.alerted[resource as usize][place] = percent;
        Ok(())
    }

    /// The owner is told anew under other caps.
    pub(super) fn set_caps(&mut self, caps: Caps) {
        self.caps = caps;
        self.alerted = [[0; 3]; 4];
    }

    /// The figures of the book of the business's own world.
    pub fn of_world(&self) -> Figures {
        if self.simulated_world { self.simulated.figures() } else { self.real.figures() }
    }

    fn own_money(&self) -> Resource {
        Resource::of_money(self.simulated_world)
    }

    /// What the business's own book has left to spend: its cap less what is spent and held.
    pub fn left(&self) -> Cents {
        money::<Real>(self.left_of(self.own_money(), Window::Total)).cents()
    }

    /// What the business's own book has left to spend in one action today.
    pub fn left_today(&self) -> Cents {
        let left = Window::ALL.map(|window| self.left_of(self.own_money(), window));
        money::<Real>(left.into_iter().min().unwrap_or(0)).cents()
    }

    pub(crate) fn hold(&mut self, cost: &Cost) {
        for resource in Resource::ALL {
            self.usage_mut(resource).hold(resource.taken_by(cost));
        }
    }

    pub(super) fn settle(&mut self, hold: &Cost, cost: &Cost) {
        for resource in Resource::ALL {
            self.usage_mut(resource).settle(resource.taken_by(hold), resource.taken_by(cost));
        }
    }

    pub(super) fn earn(&mut self, amount: Amount) {
        match amount {
            Amount::Real(money) => self.real.revenue = self.real.revenue.plus(money),
            Amount::Simulated(money) => self.simulated.revenue = self.simulated.revenue.plus(money),
        }
    }

    /// What was earned is taken back, by nobody's decision here: it is no spending, which caps bound, and may be more than was earned.
    pub(super) fn lose(&mut self, cents: Cents) {
        let taken = Cents::ZERO.minus(cents);
        self.earn(if self.simulated_world { Amount::simulated(taken) } else { Amount::real(taken) });
    }

    pub(super) fn new_day(&mut self) {
        self.renew(Window::Day, Usage::new_day);
    }

    pub(super) fn new_month(&mut self) {
        self.renew(Window::Month, Usage::new_month);
    }

    fn renew(&mut self, window: Window, renew: impl Fn(&mut Usage)) {
        for resource in Resource::ALL {
            renew(self.usage_mut(resource));
            self.alerted[resource as usize][window as usize - 1] = 0;
        }
    }
}

impl Cost {
    /// The same kind of cost, of nothing.
    #[must_use]
    pub fn released(&self) -> Cost {
        Cost::nothing(self.money.is_simulated())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint;
    use crate::draw::Seed;
    use crate::spec::WorldKind;

    fn books(world: WorldKind) -> Books {
        let (origin, blueprint) = blueprint::resolve("podcast-production-studio").expect("a template's slug");
        let mut spec = Spec::simulated(origin, blueprint, Seed::new(1), 90);
        spec.world = world;
        let mut books = Books::new(&spec);
        for (place, resource) in (1..).zip(Resource::ALL) {
            for (window, cap) in Window::ALL.into_iter().zip([30, 100, 1_000, 10_000]) {
                books.caps.set(resource, window, cap * place);
            }
        }
        books
    }

    fn cost(simulated: bool, cents: i64, tokens: u32, messages: u32) -> Cost {
        Cost { tokens, messages, ..Cost::money(simulated, Cents::new(cents)) }
    }

    #[test]
    fn holds_and_settlements_are_kept_by_resource_and_by_time() {
        let mut books = books(WorldKind::Live);
        let used = |books: &Books| Resource::ALL.map(|resource| *books.usage(resource));
        books.hold(&cost(false, 20, 3, 1));
        books.hold(&cost(true, 7, 0, 0));
        let held = |held| Usage { spent: 0, held, today: held, this_month: held };
        assert_eq!(used(&books), [held(20), held(7), held(3), held(1)]);
        books.settle(&cost(false, 20, 3, 1), &cost(false, 15, 2, 1));
        let spent = |spent| Usage { spent, held: 0, today: spent, this_month: spent };
        assert_eq!(used(&books), [spent(15), held(7), spent(2), spent(1)]);
        let figures = (books.real.spent().cents().get(), books.real.held().cents().get(), books.simulated.held().cents().get());
        assert_eq!(figures, (15, 0, 7));
        assert_eq!((books.of_world().spent.get(), books.of_world().today.get()), (15, 15));
        assert_eq!([Window::Action, Window::Day, Window::Total].map(|window| books.left_of(Resource::RealMoney, window)), [30, 85, 9_985]);
        assert_eq!((books.left(), books.left_today()), (Cents::new(9_985), Cents::new(30)));
        books.hold(&cost(false, 60, 0, 0));
        assert_eq!((books.left(), books.left_today()), (Cents::new(9_925), Cents::new(25)), "the tightest cap binds");
        books.new_day();
        assert_eq!(books.usage(Resource::RealMoney).over(Window::Day), 60, "what is held counts on");
        assert_eq!(books.usage(Resource::RealMoney).over(Window::Month), 75);
        books.new_month();
        assert_eq!(books.usage(Resource::RealMoney).over(Window::Month), 60);
        assert_eq!(books.usage(Resource::Tokens).over(Window::Month), 0);
        books.earn(Amount::real(Cents::new(5)));
        books.earn(Amount::real(Cents::new(6)));
        books.earn(Amount::simulated(Cents::new(9)));
        books.earn(Amount::simulated(Cents::new(9)));
        assert_eq!((books.real.revenue().cents().get(), books.simulated.revenue().cents().get()), (11, 18));
        assert_eq!(books.of_world().revenue, Cents::new(11));
        assert_eq!(cost(true, 7, 3, 1).released(), Cost::nothing(true));
        assert_eq!(cost(false, 7, 3, 1).released(), Cost::nothing(false));
    }

    #[test]
    fn a_simulated_business_counts_its_own_book() {
        let mut books = books(WorldKind::Simulated);
        books.hold(&cost(true, 40, 0, 0));
        books.hold(&cost(false, 9, 0, 0));
        assert_eq!((books.of_world().held, books.left()), (Cents::new(40), Cents::new(19_960)));
        assert_eq!(books.left_today(), Cents::new(60));
    }

    #[test]
    fn each_share_of_each_cap_is_told_once_until_its_time_is_over() {
        let mut books = books(WorldKind::Live);
        let tell = |books: &mut Books| {
            let mut told = Vec::new();
            while let Some((resource, window, percent)) = books.next_alert() {
                books.alert(resource, window, percent).expect("a window with alerts");
                told.push((resource, window, percent));
                assert!(told.len() < 10, "nothing is told for ever");
            }
            told
        };
        assert_eq!(tell(&mut books), []);
        books.hold(&cost(false, 49, 0, 0));
        assert_eq!(tell(&mut books), []);
        books.hold(&cost(false, 1, 0, 0));
        assert_eq!(tell(&mut books), [(Resource::RealMoney, Window::Day, 50)]);
        books.hold(&cost(false, 50, 0, 400));
        assert_eq!(tell(&mut books), [(Resource::RealMoney, Window::Day, 100), (Resource::Messages, Window::Day, 100)]);
        books.settle(&cost(false, 100, 0, 400), &cost(false, 100, 0, 400));
        books.new_day();
        books.hold(&cost(false, 60, 0, 0));
        assert_eq!(tell(&mut books), [(Resource::RealMoney, Window::Day, 50)], "a new day tells anew");
        books.hold(&cost(false, 340, 0, 0));
        assert_eq!(tell(&mut books), [(Resource::RealMoney, Window::Day, 100), (Resource::RealMoney, Window::Month, 50)]);
        books.settle(&cost(false, 400, 0, 0), &cost(false, 400, 0, 0));
        books.new_month();
        books.hold(&cost(false, 4_500, 0, 0));
        assert_eq!(tell(&mut books), [(Resource::RealMoney, Window::Month, 100), (Resource::RealMoney, Window::Total, 50)]);
        let caps = books.caps;
        books.set_caps(Caps { ask_above: Cents::new(1), ..caps });
        assert_eq!(books.caps.ask_above, Cents::new(1));
        assert_eq!(tell(&mut books).len(), 3, "other caps tell anew");
        assert!(books.alert(Resource::Tokens, Window::Action, 50).is_err());
    }
}
