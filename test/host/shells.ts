import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { program } from "../../provider/host/program";
import { Report, type Reported } from "../../provider/host/report";
import { joinShell, type Shell, sh } from "../../provider/host/shell";

/** The shells that are /bin/sh on hosts: dash (Debian, Ubuntu), bash (Fedora, openSUSE), busybox ash (Alpine). */
export const shells: [name: string, command: string[]][] = [
    ["dash", ["dash"]],
    ["bash", ["bash", "--posix"]],
    ["busybox ash", ["busybox", "ash"]],
];

/**
 * A directory for the records and files of a test, removed after the tests of the file. It isn't below /tmp, which is
 * writable for all users, so that the programs would refuse it.
 */
export function workDirectory(): string {
    const directory = mkdtempSync("/run/portable-test-shell-");
    afterAll(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
}

/** Runs a program with its records in the directory; returns its report and output. */
export function runIn(
    command: readonly string[],
    directory: string,
    ...body: Shell[]
): Reported & { stdout: string; stderr: string; code: number | null } {
    const report = new Report();
    const own = sh`records=${`${directory}/records`} images=${`${directory}/images`}
units_directory=${`${directory}/system`} attached_directories=${`${directory}/system.attached`}`;
    const [file = "", ...options] = command;
    const { stdout, stderr, status } = spawnSync(file, [...options, "-s"], {
        input: program(report, joinShell([own, ...body])).text,
        encoding: "utf8",
    });
    return Object.assign(report.parse(stdout), { stdout, stderr, code: status });
}
