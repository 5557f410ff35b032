//! Tests that concern several rooms.

mod header_safety;
