//! What happens when the library is loaded: classes and constants come into being before the program's first line.

use crate::report;
use crate::{dispatch, foundation, framework};

#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = load;

extern "C" fn load() {
    for class in foundation::descriptions() {
        class.register();
    }
    dispatch::description().register();
    for class in framework::descriptions() {
        class.register();
    }
    foundation::constants::initialize();
    report::list_leaks_at_exit();
}
