import {
    ATTACHED_DIRECTORIES,
    IMAGES_DIRECTORY,
    LOCK_DIRECTORY,
    PROFILE_DIRECTORIES,
    RECORDS_DIRECTORY,
    UNITS_DIRECTORY,
} from "../systemd/paths";
import type { Report } from "./report";
import deadline from "./sh/deadline.sh";
import ending from "./sh/ending.sh";
import frameText from "./sh/frame.sh";
import inspectHost from "./sh/inspect-host.sh";
import lock from "./sh/lock.sh";
import settle from "./sh/settle.sh";
import socketFiles from "./sh/socket-files.sh";
import { header, type Shell, sh, shellFile } from "./shell";

/**
 * A complete program for a host: a header with directories, the frame, and the body. The body is a function, so that the
 * shell has parsed all of it before the first command runs.
 */
export function program(report: Report, body: Shell): Shell {
    return sh`
${header({
    report_mark: report.mark,
    records: RECORDS_DIRECTORY,
    images: IMAGES_DIRECTORY,
    lock: LOCK_DIRECTORY,
    units_directory: UNITS_DIRECTORY,
    attached_directories: ATTACHED_DIRECTORIES,
})}
${shellFile(frameText)}
main() {
${body}
}
main "$@"
`;
}

/** Defines `say_machine`, `say_version` and `say_profiles`; {@link hostFacts} parses their reports. */
export const hostLibrary: Shell = sh`${header({ profile_directories: PROFILE_DIRECTORIES })}${shellFile(inspectHost)}`;

/** Reports everything that {@link hostFacts} reads, and the profiles. */
export const inspectWholeHost: Shell = sh`
${hostLibrary}
say_machine
say_version
say_profiles
`;

/** Defines `take_lock`, which most programs that change something call first. */
export const lockLibrary: Shell = shellFile(lock);

/**
 * Defines `start_clock`, `in_time`, `journal` and `find_failed`. The budget is the time of the operation without its
 * rollback.
 */
export function deadlineLibrary(budgetSeconds: number): Shell {
    return sh`${header({ budget_seconds: budgetSeconds })}${shellFile(deadline)}`;
}

/** Time limit for stops that someone else began: a little more than systemd's default timeout of 90 s. */
const ENDING_SECONDS = 100;

/** Defines `await_ends`. */
export function endingLibrary(budgetSeconds: number): Shell {
    return sh`${header({ ending_seconds: Math.min(ENDING_SECONDS, budgetSeconds) })}${shellFile(ending)}`;
}

/** Defines `read_state` and `settle`. */
export const settleLibrary: Shell = shellFile(settle);

/** Defines `socket_files` and `remove_socket_files`, which need the functions of {@link filesLibrary}. */
export const socketFilesLibrary: Shell = shellFile(socketFiles);
