//! The end-to-end tests that guests of another architecture than the host's run: some of each topic, because a machine takes some seconds to start
//! under emulation.

/// Their names in the suite.
pub(crate) const TESTS: [&str; 21] = [
    "debian::debian_runs",
    "exec::a_program_runs_beside_the_first_with_its_own_code_and_streams",
    "exec::a_program_that_cannot_be_started_has_dockers_codes",
    "exec::environment_directory_and_user_can_be_set",
    "exit_codes::a_killed_program_gives_137",
    "exit_codes::a_program_that_cannot_be_executed_gives_126",
    "exit_codes::a_program_that_is_not_there_gives_127",
    "exit_codes::our_own_failure_gives_125",
    "exit_codes::the_exit_code_is_the_programs_own",
    "life::starting_again_keeps_what_was_written",
    "life::stop_asks_first_and_the_program_may_answer",
    "life::stop_kills_after_the_timeout",
    "listing::the_record_names_the_platform_of_the_machine",
    "logs::both_streams_of_all_starts_are_kept_apart",
    "process::a_read_only_root_refuses_writes_but_memory_file_systems_take_them",
    "process::the_environment_is_the_images_then_files_then_flags",
    "process::users_are_looked_up_in_the_image",
    "signals::signals_are_passed_on",
    "stdio::sixteen_mebibytes_come_back_unchanged",
    "terminal::a_shell_has_a_prompt_and_its_exit_code_is_ours",
    "terminal::the_terminal_has_the_users_size_also_when_it_changes",
];
