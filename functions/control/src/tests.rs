//! The function as CloudFormation, operators and the schedule see it.

mod api_keys;
mod api_stages;
mod daily;
mod logs;
mod management;
mod protocol;
mod test_app;
mod usage_plan_keys;
mod usage_plans;
