//! The section `Conditions`.

use std::rc::Rc;

use super::Resolver;
use crate::template::{
    error::{Place, TemplateError},
    yaml::Node,
};

impl Resolver<'_> {
    /// Whether a named condition holds.
    pub(in crate::template) fn condition(
        &self,
        name: &Rc<str>,
        line: usize,
        place: &Place,
    ) -> Result<bool, TemplateError> {
        if let Some(verdict) = self.verdicts.borrow().get(name) {
            return Ok(*verdict);
        }
        let Some(node) = self.conditions.and_then(|conditions| conditions.get(name)) else {
            let message =
                format!("names the condition `{name}`, which the template does not declare");
            return Err(place.error(line, message, "add it to Conditions, or correct the name"));
        };
        let own_place = Place::section("Conditions").child(name);
        let verdict = self.guarded(name, line, &own_place, || self.holds(node, &own_place))?;
        self.verdicts.borrow_mut().insert(Rc::clone(name), verdict);
        Ok(verdict)
    }

    fn holds(&self, node: &Node, place: &Place) -> Result<bool, TemplateError> {
        let _level = self.descend(node.line, place)?;
        self.spend(1, node.line, place)?;
        if let Some(name) = node.get("Condition") {
            let name = self.text(name, place)?;
            return self.condition(&name, node.line, place);
        }
        match node.intrinsic() {
            Some(("Fn::Equals", argument)) => {
                let [left, right] = self.arguments("Fn::Equals", argument, place)?;
                Ok(self.text(left, place)? == self.text(right, place)?)
            }
            Some(("Fn::Not", argument)) => {
                let [inner] = self.arguments("Fn::Not", argument, place)?;
                Ok(!self.holds(inner, place)?)
            }
            Some(("Fn::And", argument)) => {
                for inner in self.list(argument, place)?.iter() {
                    if !self.holds(inner, place)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Some(("Fn::Or", argument)) => {
                for inner in self.list(argument, place)?.iter() {
                    if self.holds(inner, place)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Some(_) | None => Err(place.error(
                node.line,
                "is no condition",
                "use Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition",
            )),
        }
    }
}
