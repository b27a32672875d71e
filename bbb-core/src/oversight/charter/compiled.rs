//! Policies made ready at load time, so that a review need not ask Cedar: an expression over a [`Question`].
//!
//! Cedar reads and checks every text, and what it says a policy means is what the policy means. This module takes Cedar's own JSON form of a checked
//! policy and knows the operators that the schema leaves something to ask with. It takes a form that it knows exactly, down to the number of its parts, or
//! not at all: what it does not take is evaluated by Cedar, each time. An owner's policies that it took are compared with Cedar when they are loaded
//! (`vetting`); tests compare drawn policies of the whole grammar, and the shipped ones.
//!
//! As in Cedar, an operand of the wrong type, an attribute that is not there and an overflow are errors, `&&`, `||` and `if` do not look at what they need
//! not, and equality holds between any two values. There are no ancestors here, so `in` is equality with one of the names.

#[cfg(test)]
mod tests;

use cedar_policy::Policy;
use serde_json::{Map, Value};

use super::question::{self, Question, Scalar, Type};

/// The policy could not be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failed;

/// A policy's scope and conditions, which must all hold.
#[derive(Debug)]
pub(super) struct Compiled(Vec<Expr>);

#[derive(Debug)]
enum Expr {
    Value(Scalar),
    Principal,
    Action,
    Resource,
    /// An attribute.
    Slot(usize),
    /// `context has record`.
    HasRecord(usize),
    /// `context has attribute`, and `context has record.attribute`.
    HasSlot(usize),
    /// `context.record has attribute`: the record must be there.
    HasIn(usize, usize),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Equal(Box<[Expr; 2]>),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    If(Box<[Expr; 3]>),
    /// A comparison of numbers, or a calculation that fails on overflow.
    OfLongs(fn(i64, i64) -> Option<Scalar>, Box<[Expr; 2]>),
    Is(Box<Expr>, Type),
    /// `name in [names]`; one name stands for the list that has it alone.
    In(Box<Expr>, Vec<Expr>),
    /// `[values].contains(value)`.
    Contains(Vec<Expr>, Box<Expr>),
    ContainsAll(Vec<Expr>, Vec<Expr>),
    ContainsAny(Vec<Expr>, Vec<Expr>),
}

impl Compiled {
    /// The policy as an expression; nothing where any part of it is not known here.
    pub(super) fn of(policy: &Policy) -> Option<Compiled> {
        let json = policy.to_json().ok()?;
        let mut all = Vec::new();
        for (part, var) in [("principal", Expr::Principal), ("action", Expr::Action), ("resource", Expr::Resource)] {
            all.extend(scope(json.get(part)?, var)?);
        }
        for condition in json.get("conditions")?.as_array()? {
            let [kind, body] = fields(condition, ["kind", "body"])?;
            let body = expression(body)?;
            all.push(match kind.as_str()? {
                "when" => body,
                "unless" => Expr::Not(Box::new(body)),
                _ => return None,
            });
        }
        Some(Compiled(all))
    }

    /// Whether the policy applies.
    pub(super) fn applies(&self, question: &Question) -> Result<bool, Failed> {
        for condition in &self.0 {
            if !bool_of(condition, question)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What a scope asks of principal, action or resource: nothing, or one condition.
fn scope(json: &Value, var: Expr) -> Option<Option<Expr>> {
    let name = |json: &Value| Some(Expr::Value(name(json)?));
    let condition = match json.get("op")?.as_str()? {
        "All" => fields(json, ["op"]).map(|_| None)?,
        "==" => Some(Expr::Equal(Box::new([var, name(fields(json, ["op", "entity"])?[1])?]))),
        "is" => Some(Expr::Is(Box::new(var), type_of(fields(json, ["op", "entity_type"])?[1])?)),
        "in" => {
            let names = match fields(json, ["op", "entities"]) {
                Some([_, all]) => all.as_array()?.iter().map(name).collect::<Option<Vec<_>>>()?,
                None => vec![name(fields(json, ["op", "entity"])?[1])?],
            };
            Some(Expr::In(Box::new(var), names))
        }
        _ => return None,
    };
    Some(condition)
}

/// The values under exactly these keys.
fn fields<'a, const N: usize>(json: &'a Value, keys: [&str; N]) -> Option<[&'a Value; N]> {
    let object: &Map<String, Value> = json.as_object().filter(|object| object.len() == N)?;
    let values: Vec<&Value> = keys.iter().map_while(|key| object.get(*key)).collect();
    values.try_into().ok()
}

fn expression(json: &Value) -> Option<Expr> {
    let object = json.as_object().filter(|object| object.len() == 1)?;
    let (operator, of) = object.iter().next()?;
    let one = || expression(fields(of, ["arg"])?[0]).map(Box::new);
    let sides = || fields(of, ["left", "right"]);
    let two = || sides().and_then(|[left, right]| Some(Box::new([expression(left)?, expression(right)?])));
    let of_longs = |operation: fn(i64, i64) -> Option<Scalar>| Some(Expr::OfLongs(operation, two()?));
    Some(match operator.as_str() {
        "Value" => Expr::Value(scalar(of)?),
        "Var" => match of.as_str()? {
            "principal" => Expr::Principal,
            "action" => Expr::Action,
            "resource" => Expr::Resource,
            _ => return None,
        },
        "." => Expr::Slot(slot_of(json)?),
        "has" => has(of)?,
        "!" => Expr::Not(one()?),
        "neg" => Expr::Negate(one()?),
        "==" => Expr::Equal(two()?),
        "!=" => Expr::Not(Box::new(Expr::Equal(two()?))),
        "&&" => Expr::And(two()?),
        "||" => Expr::Or(two()?),
        "<" => of_longs(|a, b| Some(Scalar::Bool(a < b)))?,
        "<=" => of_longs(|a, b| Some(Scalar::Bool(a <= b)))?,
        ">" => of_longs(|a, b| Some(Scalar::Bool(a > b)))?,
        ">=" => of_longs(|a, b| Some(Scalar::Bool(a >= b)))?,
        "+" => of_longs(|a, b| a.checked_add(b).map(Scalar::Long))?,
        "-" => of_longs(|a, b| a.checked_sub(b).map(Scalar::Long))?,
        "*" => of_longs(|a, b| a.checked_mul(b).map(Scalar::Long))?,
        "if-then-else" => {
            let [condition, yes, no] = fields(of, ["if", "then", "else"])?;
            Expr::If(Box::new([expression(condition)?, expression(yes)?, expression(no)?]))
        }
        "is" => {
            let [left, of] = fields(of, ["left", "entity_type"])?;
            Expr::Is(Box::new(expression(left)?), type_of(of)?)
        }
        "in" => {
            let [left, right] = sides()?;
            let names = set(right).or_else(|| Some(vec![expression(right)?]))?;
            Expr::In(Box::new(expression(left)?), names)
        }
        "contains" => sides().and_then(|[left, right]| Some(Expr::Contains(set(left)?, Box::new(expression(right)?))))?,
        "containsAll" => sides().and_then(|[left, right]| Some(Expr::ContainsAll(set(left)?, set(right)?)))?,
        "containsAny" => sides().and_then(|[left, right]| Some(Expr::ContainsAny(set(left)?, set(right)?)))?,
        _ => return None,
    })
}

/// The members of a written set.
fn set(json: &Value) -> Option<Vec<Expr>> {
    fields(json, ["Set"])?[0].as_array()?.iter().map(expression).collect()
}

fn scalar(json: &Value) -> Option<Scalar> {
    match json {
        Value::Bool(value) => Some(Scalar::Bool(*value)),
        Value::Number(number) => number.as_i64().map(Scalar::Long),
        Value::Object(_) => name(fields(json, ["__entity"])?[0]),
        Value::Null | Value::String(_) | Value::Array(_) => None,
    }
}

fn name(json: &Value) -> Option<Scalar> {
    let [of, id] = fields(json, ["type", "id"])?;
    Scalar::named(of.as_str()?, id.as_str()?)
}

fn type_of(json: &Value) -> Option<Type> {
    let name = json.as_str()?;
    Type::ALL.into_iter().find(|known| known.as_str() == name)
}

fn is_context(json: &Value) -> bool {
    fields(json, ["Var"]).is_some_and(|[var]| var == "context")
}

/// The place of the record that `context` or `context.record` is.
fn record_of(json: &Value) -> Option<usize> {
    if is_context(json) {
        return Some(question::CONTEXT);
    }
    let [left, attribute] = fields(fields(json, ["."])?[0], ["left", "attr"])?;
    is_context(left).then(|| question::record(attribute.as_str()?)).flatten()
}

/// The slot of `context.attribute` or `context.record.attribute`.
fn slot_of(json: &Value) -> Option<usize> {
    let [left, attribute] = fields(fields(json, ["."])?[0], ["left", "attr"])?;
    question::slot(record_of(left)?, attribute.as_str()?)
}

fn has(of: &Value) -> Option<Expr> {
    let [left, attribute] = fields(of, ["left", "attr"])?;
    match attribute {
        Value::String(name) if is_context(left) => match question::record(name) {
            Some(record) => Some(Expr::HasRecord(record)),
            None => Some(Expr::HasSlot(question::slot(question::CONTEXT, name)?)),
        },
        Value::String(name) => {
            let record = record_of(left)?;
            Some(Expr::HasIn(record, question::slot(record, name)?))
        }
        Value::Array(path) if is_context(left) => {
            let [record, name] = path.as_slice() else { return None };
            Some(Expr::HasSlot(question::slot(question::record(record.as_str()?)?, name.as_str()?)?))
        }
        _ => None,
    }
}

fn value_of(expr: &Expr, question: &Question) -> Result<Scalar, Failed> {
    let truth = |value| Ok(Scalar::Bool(value));
    match expr {
        Expr::Value(value) => Ok(*value),
        Expr::Principal => Ok(Scalar::Name(Type::Role, question.role as u8)),
        Expr::Action => Ok(Scalar::Name(Type::Action, question.kind as u8)),
        Expr::Resource => Ok(Scalar::Name(Type::Business, 0)),
        Expr::Slot(slot) => question.get(*slot).ok_or(Failed),
        Expr::HasRecord(record) => truth(question.has(*record)),
        Expr::HasSlot(slot) => truth(question.get(*slot).is_some()),
        Expr::HasIn(record, slot) if question.has(*record) => truth(question.get(*slot).is_some()),
        Expr::HasIn(..) => Err(Failed),
        Expr::Not(of) => truth(!bool_of(of, question)?),
        Expr::Negate(of) => long_of(of, question)?.checked_neg().map(Scalar::Long).ok_or(Failed),
        Expr::Equal(sides) => truth(value_of(&sides[0], question)? == value_of(&sides[1], question)?),
        Expr::And(sides) => truth(bool_of(&sides[0], question)? && bool_of(&sides[1], question)?),
        Expr::Or(sides) => truth(bool_of(&sides[0], question)? || bool_of(&sides[1], question)?),
        Expr::If(parts) => value_of(if bool_of(&parts[0], question)? { &parts[1] } else { &parts[2] }, question),
        Expr::OfLongs(operation, sides) => operation(long_of(&sides[0], question)?, long_of(&sides[1], question)?).ok_or(Failed),
        Expr::Is(of, wanted) => truth(name_of(of, question)?.0 == *wanted),
        Expr::In(left, names) => {
            let left = name_of(left, question)?;
            // No early end: a member that fails fails the set.
            truth(names.iter().try_fold(false, |found, name| Ok::<_, Failed>(found | (name_of(name, question)? == left)))?)
        }
        Expr::Contains(set, value) => truth(values(set, question)?.contains(&value_of(value, question)?)),
        Expr::ContainsAll(set, of) => {
            let set = values(set, question)?;
            truth(values(of, question)?.iter().all(|value| set.contains(value)))
        }
        Expr::ContainsAny(set, of) => {
            let set = values(set, question)?;
            truth(values(of, question)?.iter().any(|value| set.contains(value)))
        }
    }
}

fn values(set: &[Expr], question: &Question) -> Result<Vec<Scalar>, Failed> {
    set.iter().map(|member| value_of(member, question)).collect()
}

fn bool_of(expr: &Expr, question: &Question) -> Result<bool, Failed> {
    match value_of(expr, question)? {
        Scalar::Bool(value) => Ok(value),
        Scalar::Long(_) | Scalar::Name(..) => Err(Failed),
    }
}

fn long_of(expr: &Expr, question: &Question) -> Result<i64, Failed> {
    match value_of(expr, question)? {
        Scalar::Long(value) => Ok(value),
        Scalar::Bool(_) | Scalar::Name(..) => Err(Failed),
    }
}

fn name_of(expr: &Expr, question: &Question) -> Result<(Type, u8), Failed> {
    match value_of(expr, question)? {
        Scalar::Name(of, place) => Ok((of, place)),
        Scalar::Bool(_) | Scalar::Long(_) => Err(Failed),
    }
}
