import {
    ATTACHED_DIRECTORIES,
    IMAGES_DIRECTORY,
    PROFILE_DIRECTORIES,
    RECORDS_DIRECTORY,
    UNITS_DIRECTORY,
} from "../systemd/paths";
import type { Report } from "./report";
import deadline from "./sh/deadline.sh";
import frameText from "./sh/frame.sh";
import inspectHost from "./sh/inspect-host.sh";
import lock from "./sh/lock.sh";
import settle from "./sh/settle.sh";
import { header, type Shell, sh, shellFile } from "./shell";

/**
 * Every program on a host: `body` runs in a function, so that the shell has read all of it before the first command,
 * after the frame, with our directories in variables.
 */
export function program(report: Report, body: Shell): Shell {
    return sh`
${header({
    report_mark: report.mark,
    records: RECORDS_DIRECTORY,
    images: IMAGES_DIRECTORY,
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

/** Defines `say_machine`, `say_version` and `say_profiles`; what they say is parsed by {@link hostFacts}. */
export const hostLibrary: Shell = sh`${header({ profile_directories: PROFILE_DIRECTORIES })}${shellFile(inspectHost)}`;

/** Says all that there is to know about a host. */
export const inspectWholeHost: Shell = sh`
${hostLibrary}
say_machine
say_version
say_profiles
`;

/** Defines `take_lock`, with which most programs that change something begin. */
export const lockLibrary: Shell = shellFile(lock);

/**
 * `in_time COMMAND...` ends a command when the operation's time is up (status 124), so that there is
 * time left to go back. `journal UNIT`: the last lines of its newest run. `culprit UNITS...` sets $bad.
 */
export function deadlineLibrary(budgetSeconds: number): Shell {
    return sh`${header({ budget_seconds: budgetSeconds })}${shellFile(deadline)}`;
}

/**
 * `look UNIT` sets ActiveState, SubState, Result, Type, NRestarts, CanReload, RootImage, MainPID. `settle UNITS...` waits
 * until every unit is as good as started; else it returns 1 with the state of the first one that isn't, named in $bad.
 * $settled then has a line `UNIT MAINPID ROOTIMAGE` for each.
 * Where systemd calls a start done before the program has said so (Type=simple and the like), they must
 * stay up for a second; $stable_ticks is another time, in fifths of a second.
 */
export const settleLibrary: Shell = shellFile(settle);
