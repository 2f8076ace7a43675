import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import path from "node:path";
import type { Found } from "./contender";
import type { Hosts } from "./hosts";
import { EMPTY, OURS } from "./pulumi";
import type { Measured } from "./rounds";

export interface Report {
    measured: readonly Measured[];
    found: readonly Found[];
    hosts: Hosts;
    megabytes: number;
    /** Of the last minute before the first round: what else this machine had to do. */
    loadBefore: number;
    /** Whether all contenders took part: only then the report is written to docs/how-it-works/benchmarks.md. */
    isWhole: boolean;
}

export async function writeReport({ measured, found, hosts, megabytes, loadBefore, isWhole }: Report): Promise<void> {
    const systemd = (await hosts.nearby[0]?.exec("systemctl --version"))?.stdout.split("\n")[0]?.split(" ")[1];
    const titles = [...new Set(measured.map((one) => one.title))];
    const figures = [
        `Date ${new Date().toISOString().slice(0, 10)}, systemd ${systemd} on the hosts, ${availableParallelism()} cores ` +
            `(${cpus()[0]?.model.trim()}) for this machine and all hosts together, an image of ${megabytes} MB. Load average when it began: ${loadBefore.toFixed(1)}${loadBefore > 1 ? ": something else was running too, so take the ratios for rough" : ""}.`,
        ...titles.map((title) => table(measured, title)),
        found
            .map((one) => `- **${one.name}**: ${"missing" in one ? `left out: ${one.missing}` : one.description}`)
            .join("\n"),
    ].join("\n\n");
    console.log(`\n${figures}`);
    if (isWhole)
        writeFileSync(path.resolve(__dirname, "../docs/how-it-works/benchmarks.md"), `${introduction}\n\n${figures}\n`);
}

const introduction = `---
title: Benchmarks
order: 3
---

# Benchmarks

This page compares the time of a deployment by this provider with the alternatives. \`make bench\` writes it. Each contender
deploys the same service: the same image, drop-in and hosts (Debian under systemd-nspawn, reached over SSH, without latency
unless stated). In each round every contender deploys, changes and removes it, one after the other, with a rest of 0.7 s before
each step, so that a slow moment of the machine affects all of them. After each step the page that the hosts answer must be the
one that was deployed, and a deployment without a change must leave the process running. Times are medians of whole commands
(\`pulumi up --yes\` with its preview); in brackets is the ratio to this provider.

The times include what the others omit: this provider compares the digest of the image on the host, checks that the unit runs
from it, logs in again before it confirms, and would roll back on its own. Programs aren't type-checked at each run
(\`PULUMI_NODEJS_TRANSPILE_ONLY=true\`): that check adds seconds to all Pulumi programs alike.`;

function table(measured: readonly Measured[], title: string): string {
    const here = measured.filter((one) => one.title === title && one.contender !== EMPTY);
    const contenders = [...new Set(here.map((one) => one.contender))];
    const times = (contender: string, step: string) =>
        here.filter((one) => one.contender === contender && one.step === step).map((one) => one.ms);
    const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    const rounds = times(contenders[0] ?? "", "new image").length;
    const empty = measured.filter((one) => one.title === title && one.contender === EMPTY).map((one) => one.ms);
    return [
        `## ${title}`,
        "",
        // Drawn as bars when the site is built.
        `<!-- chart row="new image" title="New image, ${title}" -->`,
        row([`median of ${rounds}`, ...contenders]),
        row(["---", ...contenders.map(() => "--:")]),
        ...[...new Set(here.map((one) => one.step))].map((step) =>
            row([step, ...contenders.map((name) => cell(times(name, step), name === OURS ? [] : times(OURS, step)))]),
        ),
        ...(empty.length > 0
            ? ["", `Pulumi's own part: \`pulumi up\` of a program without resources took ${inSeconds(empty)}.`]
            : []),
    ].join("\n");
}

function cell(times: readonly number[], ours: readonly number[]): string {
    if (times.length === 0) return "not reached";
    const ratio = ours.length > 0 ? ` (${(median(times) / median(ours)).toFixed(2)})` : "";
    return `${inSeconds(times)}${ratio}`;
}

function inSeconds(times: readonly number[]): string {
    return `${(median(times) / 1000).toFixed(2)} s`;
}

/** The middle one; of an even number, the mean of the middle two. */
function median(values: readonly number[]): number {
    const sorted = [...values].sort((left, right) => left - right);
    const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
    return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
