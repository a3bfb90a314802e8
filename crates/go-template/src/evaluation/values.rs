//! Values of operands: fields, variables, and the elements that are ranged over.

use std::borrow::Cow;
use std::ptr;

use serde_json::Value;

use super::Evaluation;
use crate::functions::{Function, Held};
use crate::tree::{Field, Operand, Term};
use crate::{Data, TemplateError, text};

impl Operand {
    /// The function that it names, if it is one.
    pub(super) fn function(&self) -> Option<Function> {
        match self.term {
            Term::Function(function) => Some(function),
            _ => None,
        }
    }
}

impl<'a> Evaluation<'a> {
    pub(super) fn operand(&mut self, operand: &'a Operand) -> Result<Held<'a>, TemplateError> {
        self.step(operand.column)?;
        let mut value = self.term(operand)?;
        for field in &operand.fields {
            value = self.field(value, field)?;
        }
        self.steps(weight(&value), operand.column)?;
        Ok(value)
    }

    /// Where the operand's value begins, without its fields.
    fn term(&mut self, operand: &'a Operand) -> Result<Held<'a>, TemplateError> {
        match &operand.term {
            Term::Dot => Ok(self.dot.clone()),
            Term::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                Ok(known.map_or(Cow::Owned(Value::Null), |(_, value)| value.clone()))
            }
            Term::Literal(value) => Ok(Cow::Borrowed(value)),
            Term::Group(pipeline) => self.pipeline(pipeline),
            Term::Function(function) => {
                let value = function.call(Vec::new(), self.purpose);
                value.map_err(|message| TemplateError::new(operand.column, message))
            }
        }
    }

    /// The value of a field that takes a text: `.Label "x"`.
    pub(super) fn looked_up(
        &mut self,
        operand: &'a Operand,
        arguments: &[Held<'a>],
    ) -> Result<Held<'a>, TemplateError> {
        let no_function = || TemplateError::new(operand.column, "this is no function, and takes no arguments");
        let (last, way) = operand.fields.split_last().ok_or_else(no_function)?;
        let mut value = self.term(operand)?;
        for field in way {
            value = self.field(value, field)?;
        }
        let lookup = self.lookup(&value, &last.name).ok_or_else(no_function)?;
        match arguments {
            [argument] if argument.is_string() => {
                let found = lookup(argument.as_str().unwrap_or_default());
                Ok(Cow::Owned(found.into()))
            }
            _ => Err(TemplateError::new(
                last.column,
                format!(".{} takes one text", last.name),
            )),
        }
    }

    fn lookup(&self, value: &Held<'a>, name: &str) -> Option<crate::Lookup<'a>> {
        let known = lookups(self.data, value).iter().find(|(known, _)| *known == name);
        known.map(|(_, lookup)| *lookup)
    }

    fn field(&self, value: Held<'a>, field: &Field) -> Result<Held<'a>, TemplateError> {
        let name = field.name.as_str();
        if self.lookup(&value, name).is_some() {
            return Err(TemplateError::new(
                field.column,
                format!(".{name} takes a text: .{name} \"key\""),
            ));
        }
        match value {
            Cow::Borrowed(Value::Object(fields)) if fields.contains_key(name) => {
                Ok(fields.get(name).map_or(Cow::Owned(Value::Null), Cow::Borrowed))
            }
            Cow::Owned(Value::Object(mut fields)) if fields.contains_key(name) => {
                Ok(Cow::Owned(fields.remove(name).unwrap_or_default()))
            }
            value => Err(TemplateError::new(field.column, self.no_field(&value, name))),
        }
    }

    /// Why a value does not have a field, and which it has.
    fn no_field(&self, value: &Held<'a>, name: &str) -> String {
        let Value::Object(fields) = value.as_ref() else {
            return format!("there is no field .{name}: {} has no fields", text::kind(value));
        };
        let keys = fields.keys().map(|key| format!(".{key}"));
        let lookups = lookups(self.data, value).iter();
        let mut names: Vec<String> = keys
            .chain(lookups.map(|(name, _)| format!(".{name} \"key\"")))
            .collect();
        names.sort();
        match names.len() {
            0 => format!("there is no field .{name}: there are none"),
            _ => format!("there is no field .{name}: there are {}", names.join(", ")),
        }
    }
}

/// How many steps the use of a value counts as: what is done with a large one takes its time.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() >> 10,
        Value::Array(items) => items.len() >> 5,
        _ => 0,
    }
}

/// The fields of a value that take a text, which only the data itself has.
fn lookups<'a>(data: Data<'a>, value: &Held<'a>) -> &'a [(&'a str, crate::Lookup<'a>)] {
    match value {
        Cow::Borrowed(value) if ptr::eq(*value, data.value) => data.lookups,
        _ => &[],
    }
}

/// What is ranged over, with index or key. Fields come in the order of their keys.
pub(super) fn elements(value: Held<'_>) -> Result<Vec<(Value, Held<'_>)>, String> {
    Ok(match value {
        Cow::Borrowed(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.into(), Cow::Borrowed(item)))
            .collect(),
        Cow::Borrowed(Value::Object(fields)) => text::in_order(fields)
            .into_iter()
            .map(|(key, value)| (key.as_str().into(), Cow::Borrowed(value)))
            .collect(),
        Cow::Owned(Value::Array(items)) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| (index.into(), Cow::Owned(item)))
            .collect(),
        Cow::Owned(Value::Object(fields)) => {
            let mut fields: Vec<_> = fields.into_iter().collect();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            let fields = fields.into_iter();
            fields.map(|(key, value)| (key.into(), Cow::Owned(value))).collect()
        }
        value if value.is_null() => Vec::new(),
        value => {
            let kind = text::kind(&value);
            return Err(format!("range expects a list or an object instead of {kind}"));
        }
    })
}
