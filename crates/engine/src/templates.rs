//! Templates: saved machines that containers start from. What is here says whether they are used, and removes them with their images.

mod delete;
mod policy;

pub(crate) use policy::TemplatePolicy;
