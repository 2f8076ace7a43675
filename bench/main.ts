import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { ansibleContenders, shellContenders } from "./by-hand";
import type { Contender } from "./contender";
import { bootHosts, type Hosts } from "./hosts";
import { makeImage } from "./images";
import { OPENSSH, OURS, pulumiContenders } from "./pulumi";
import { writeReport } from "./report";
import { type Measured, oneRound, type Release } from "./rounds";

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const megabytes = number("BENCH_MB", 20);
const seconds = number("BENCH_SECONDS", 720);
/** As from an office to a data centre of the same country. */
const line = { roundTripMs: number("BENCH_ROUND_TRIP_MS", 20), megabits: number("BENCH_MEGABITS", 100) };
interface Plan {
    title: string;
    hosts: number | "distant";
    /** So many at most. */
    rounds: number;
    /** After that part of the time no further round begins. */
    share: number;
    /** Names of the contenders; all unless given. */
    only?: readonly string[];
}

const plans: readonly Plan[] = [
    { title: "1 host", hosts: 1, rounds: number("BENCH_ROUNDS", 5), share: 0.3 },
    {
        title: `1 host, ${line.roundTripMs} ms away by ${line.megabits} Mbit/s`,
        hosts: "distant",
        rounds: number("BENCH_ROUNDS_DISTANT", 5),
        share: 0.6,
    },
    { title: "5 hosts", hosts: 5, rounds: number("BENCH_ROUNDS_OF_5", 3), share: 0.75 },
    { title: "10 hosts", hosts: 10, rounds: number("BENCH_ROUNDS_OF_10", 3), share: 0.95, only: [OURS, OPENSSH] },
];

async function main(): Promise<void> {
    const directory = mkdtempSync(path.join(tmpdir(), "portable-bench-"));
    const [loadBefore = 0] = loadavg();
    let hosts: Hosts | undefined;
    try {
        const counts = plans.map(({ hosts, rounds }) => (rounds === 0 || hosts === "distant" ? 1 : hosts));
        hosts = await bootHosts(Math.max(...counts), line, directory);
        const releases = [await release("1"), await release("2")] as const;
        const setup = { directory, sshConfigPath: hosts.sshConfigPath, service: "hello" };
        const found = [
            ...(await pulumiContenders(setup)),
            ...(await shellContenders(setup)),
            ...(await ansibleContenders(setup)),
        ];
        for (const one of found) if ("missing" in one) console.log(`${one.name} is left out: ${one.missing}`);
        const only = process.env.BENCH_ONLY?.split(",");
        const contenders = found.filter((one) => "deploy" in one && (only?.includes(one.name) ?? true)) as Contender[];
        const measured = await measure(contenders, hosts, releases);
        await writeReport({ measured, found, hosts, megabytes, loadBefore, isWhole: only === undefined });
    } finally {
        await hosts?.down();
        rmSync(directory, { recursive: true, force: true });
    }

    async function release(name: string): Promise<Release> {
        const images = path.join(directory, "images");
        mkdirSync(images, { recursive: true });
        return { release: name, image: await makeImage(images, name, megabytes) };
    }
}

/**
 * All contenders in each round, one after the other: what slows the machine for a while slows them all. The second round
 * has them the other way round, as the first of a round finds hosts and caches colder than the last.
 */
async function measure(
    contenders: readonly Contender[],
    hosts: Hosts,
    releases: readonly [Release, Release],
): Promise<Measured[]> {
    const began = Date.now();
    const measured: Measured[] = [];
    for (const plan of plans) {
        for (let round = 1; round <= plan.rounds; round++) {
            if (round > 1 && Date.now() - began > plan.share * seconds * 1000) break;
            for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
                if (!(plan.only?.includes(contender.name) ?? true)) continue;
                if (Date.now() - began > seconds * 1000) {
                    console.log(`${plan.title}, ${contender.name}: left out of round ${round}, the time is over`);
                    continue;
                }
                const chosen = plan.hosts === "distant" ? [hosts.distant] : hosts.nearby.slice(0, plan.hosts);
                measured.push(...(await oneRound(plan.title, contender, chosen, releases)));
            }
        }
    }
    return measured;
}

main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
