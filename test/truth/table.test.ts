import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onHost } from "../acceptance/on-every-engine";
import { bootHost, diffSnapshots, type Snapshot, type TestHost } from "../hosts";
import { privateNix } from "../image/sources/nix/nix-store";
import { workspace } from "../image/workspace";
import { connectionTo, makeToyService } from "../lifecycle/hello";
import { allInputs, LEFT_OUT, uncoveredInputs } from "./coverage";
import { NO_WORLD, type World } from "./inputs/field";
import { UNIT } from "./inputs/image";
import { judged, judgedHost } from "./judge";
import { others, startFront } from "./others";
import { Places } from "./places";
import type { Declared, Inputs } from "./program";
import { onEngines, type TruthScene } from "./scene";
import { baseOf, LANES, type Lane, RESOURCES, type Row, rowsOf } from "./table";

/*
 * Changes each input of the schema between its values: previews, deploys, compares with the host, and previews again. By
 * default a tenth of the rows runs on each engine. With PORTABLE_TRUTH, rows run on the CLI alone if it is present: `all`
 * of them, a `tenth`, or those whose name begins with one of the values between commas, such as DropIn.files.
 */

const TENTH = 10;

test("every input of the schema is in the table, those within objects too", () => {
    expect(uncoveredInputs()).toEqual([]);
    expect(Object.keys(LEFT_OUT).filter((input) => !allInputs().includes(input))).toEqual([]);
});

function chosen(rows: Row[]): Row[] {
    const wanted = process.env.PORTABLE_TRUTH ?? "";
    if (wanted === "all") return rows;
    const starts = wanted.split(",");
    if (wanted !== "" && wanted !== "tenth")
        return rows.filter(({ name }) => starts.some((start) => name.startsWith(start)));
    return rows.filter(({ isSlow }) => !isSlow).filter((_, index) => index % TENTH === 0);
}

privateNix();

const places = new Places();
const hosts: TestHost[] = [];
const machines = new Map<string, TestHost>();
let world: World;

async function prepare(scene: TruthScene): Promise<void> {
    hosts.push(scene.host);
    const rows = chosen(rowsOf(NO_WORLD));
    if (rows.some(({ from, to }) => /"host":"two"/.test(JSON.stringify([from, to])))) {
        const second = await bootHost();
        hosts.push(second);
        await makeToyService(second);
    }
    for (const host of hosts) machines.set((await onHost(host, "cat /etc/machine-id")).trim(), host);
    await startFront(scene.host);
    world = await worldOf(scene, hosts[1], places);
}

afterAll(async () => {
    places.stop();
    await hosts[1]?.down();
});

onEngines((scene) => {
    let failures: string[];
    /** JSON of the program that is deployed; "" if that is unknown. */
    let deployed = "";
    let secondBefore: Snapshot | undefined;
    beforeAll(async () => {
        secondBefore = await hosts[1]?.snapshot();
    });
    afterEach(async () => {
        const second = await hosts[1]?.snapshot();
        if (secondBefore && second) expect(diffSnapshots(secondBefore, second)).toEqual([]);
    });

    /** Prints each finding at once, as a run of all rows takes an hour. */
    const found = (finding: string) => {
        failures.push(finding);
        process.stderr.write(`${finding}\n`);
    };

    /** The resources of all lanes; a lane without a row has its base values. */
    const program = (
        inputs: Partial<Record<Lane, Inputs>>,
        ignored: Partial<Record<Lane, string[]>> = {},
    ): Declared[] => [
        ...others(world.connection),
        ...LANES.map((lane) => ({
            type: RESOURCES[lane],
            name: lane,
            inputs: { ...baseOf(lane, world), ...inputs[lane] },
            options: { ignoreChanges: ignored[lane] ?? [] },
        })),
    ];

    const pids = async (): Promise<Record<Lane, string>> => {
        const of = async (...units: string[]) => {
            const shown = hosts.map((host) => onHost(host, `systemctl show -p MainPID --value ${units.join(" ")}`));
            return (await Promise.all(shown)).join(" ");
        };
        const service = await of("hello.service");
        const component = await of("comp-x.service", "comp-staging-x.service");
        return { dropIn: await of("toy.service", "toy-two.service"), image: "", service, component, source: "" };
    };

    /** Groups rows to rounds with at most one row of each lane, which run together. */
    const rounds = (rows: Row[]): Partial<Record<Lane, Row>>[] => {
        const byLane = LANES.map((lane) => rows.filter((row) => row.lane === lane));
        const count = Math.max(...byLane.map((some) => some.length));
        return Array.from({ length: count }, (_, index) =>
            Object.fromEntries(LANES.map((lane, number) => [lane, byLane[number]?.[index]])),
        );
    };

    async function play(round: Partial<Record<Lane, Row>>): Promise<void> {
        const side = (which: "from" | "to") =>
            Object.fromEntries(LANES.flatMap((lane) => (round[lane] ? [[lane, round[lane][which]]] : [])));
        const ignored = Object.fromEntries(LANES.map((lane) => [lane, round[lane]?.ignoreChanges]));
        const from = program(side("from"));
        // Often the last row has already deployed the program from which this one starts.
        if (JSON.stringify(from) !== deployed) {
            scene.program.declare(from);
            await scene.program.up();
        }
        deployed = "";
        const before = await pids();
        scene.program.declare(program(side("to"), ignored));
        const preview = await scene.program.preview();
        const unchanged = await pids();
        const update = await scene.program.up();
        const after = await pids();
        const again = await scene.program.preview({ refresh: true });
        if (LANES.every((lane) => round[lane]?.kind !== "ignored")) deployed = JSON.stringify(program(side("to")));
        for (const lane of LANES) {
            const row = round[lane];
            if (row === undefined) continue;
            const wrong = [
                ...judged(row, { preview, update, again, hasRestarted: before[lane] !== after[lane] }),
                ...(unchanged[lane] === before[lane] ? [] : ["the preview touched the host"]),
                ...(await judgedHost(lane, update, machines)),
            ];
            for (const what of wrong) found(`${row.name}: ${what}`);
        }
    }

    test("the table", async () => {
        failures = [];
        deployed = "";
        const { files } = scene.program;
        files.write("units/spare-x.service", UNIT.replace("Spare", "Spare x"));
        files.write("units/spare-x-more.service", UNIT);
        files.write("mark.txt", "mark");
        files.write("one.txt", "one\n");
        files.compile("done", "int main() { return 0; }");
        await places.fill(files.directory);
        const rows = chosen(rowsOf(world));
        for (const [index, round] of rounds(rows).entries()) {
            if (index % 10 === 9) process.stderr.write(`${index + 1} rounds\n`);
            await play(round).catch((error: Error) => {
                const names = LANES.map((lane) => round[lane]?.name).filter((name) => name !== undefined);
                found(`${names.join(" | ")}: ${error.message}`);
            });
        }
        process.stderr.write(`${rows.length} changes, ${failures.length} findings\n`);
        expect(failures).toEqual([]);
    }, 14_400_000);
}, prepare);

async function worldOf({ host, connection }: TruthScene, second: TestHost | undefined, places: Places): Promise<World> {
    const directory = workspace();
    const key = join(directory, "key");
    copyFileSync(host.privateKeyPath, key);
    execFileSync("ssh-keygen", ["-p", "-q", "-P", "", "-N", "truth", "-f", key], { stdio: "ignore" });
    writeFileSync(join(directory, "host.pub"), `${host.hostKey}\n`);
    const fingerprint = execFileSync("ssh-keygen", ["-lf", join(directory, "host.pub")], { encoding: "utf8" });
    return {
        connection,
        secondAddress: host.secondAddress,
        second: second === undefined ? NO_WORLD.second : connectionTo(second),
        fingerprint: fingerprint.split(" ")[1] as string,
        encryptedKey: readFileSync(key, "utf8"),
        port: 80,
        ...(await places.start()),
    };
}
