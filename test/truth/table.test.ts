import { onHost } from "../acceptance/on-every-engine";
import type { Result } from "../engine/engine";
import { type Declared, type Inputs, ref, stepsOf } from "./program";
import { helloImage, onEngines } from "./scene";
import { fieldsOf, type Lane, RESOURCES, type Row, rowsOf, UNIT, uncoveredInputs } from "./table";

/*
 * Changes each input of the schema between its values: previews, deploys, compares with the host, and previews again. By
 * default a tenth of the rows runs on each engine. With PORTABLE_TRUTH, rows run on the CLI alone if it is present: `all`
 * of them, a `tenth`, or those whose name begins with the value, such as DropIn.files.
 */

const LANES = Object.keys(RESOURCES) as Lane[];
const TENTH = 10;
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

test("every input of the schema is in the table", () => {
    expect(uncoveredInputs()).toEqual([]);
});

function chosen(rows: Row[]): Row[] {
    const wanted = process.env.PORTABLE_TRUTH ?? "";
    if (wanted === "all") return rows;
    if (wanted !== "" && wanted !== "tenth") return rows.filter(({ name }) => name.startsWith(wanted));
    return rows.filter((_, index) => index % TENTH === 0);
}

onEngines((scene) => {
    let failures: string[];
    /** JSON of the program that is deployed; "" if that is unknown. */
    let deployed = "";

    /** Prints each finding at once, as a run of all rows takes an hour. */
    const found = (finding: string) => {
        failures.push(finding);
        process.stderr.write(`${finding}\n`);
    };

    /** The resources of all lanes; a lane without a row has its base values. */
    const program = (
        inputs: Partial<Record<Lane, Inputs>>,
        ignored: Partial<Record<Lane, string[]>> = {},
    ): Declared[] => {
        const { connection } = scene;
        const fields = fieldsOf(connection, 80);
        const complete = (lane: Lane): Inputs => {
            const base = Object.fromEntries(
                Object.entries(fields[lane])
                    .filter(([, { beside }]) => beside === undefined)
                    .map(([name, { values }]) => [name, values[0]]),
            );
            return { ...base, ...inputs[lane] };
        };
        const options = (lane: Lane) => ({ ignoreChanges: ignored[lane] ?? [] });
        return [
            { type: "PortableImage", name: "hello-image", inputs: helloImage(connection) },
            { type: "DropIn", name: "dropIn", inputs: complete("dropIn"), options: options("dropIn") },
            { type: "PortableImage", name: "image", inputs: complete("image"), options: options("image") },
            {
                type: "AttachedService",
                name: "service",
                inputs: { image: ref("hello-image", "path"), ...complete("service") },
                options: options("service"),
            },
        ];
    };

    const pids = async (): Promise<Record<Lane, string>> => {
        const pid = (unit: string) => onHost(scene.host, `systemctl show -p MainPID --value ${unit}`);
        return {
            dropIn: `${await pid("toy.service")} ${await pid("toy-two.service")}`,
            image: "",
            service: await pid("hello.service"),
        };
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
        const to = program(side("to"), ignored);
        scene.program.declare(to);
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
                ...judged(row, preview, update, again),
                ...(unchanged[lane] === before[lane] ? [] : ["the preview touched the host"]),
                ...judgedRestart(row, preview, before[lane] !== after[lane]),
            ];
            for (const what of wrong) found(`${row.name}: ${what}`);
        }
    }

    /** Findings about the previews and the update of a row. */
    function judged({ lane, kind }: Row, preview: Result, update: Result, again: Result): string[] {
        const [planned, done, left] = [preview, update, again].map((result) => stepsOf(result)[lane] ?? "same");
        const foretold = outputsOf(preview, lane);
        const made = outputsOf(update, lane);
        const others = Object.entries(foretold).filter(
            ([name, value]) => isKnown(value) && JSON.stringify(value) !== JSON.stringify(made[name]),
        );
        return [
            ...(kind === "change" && planned === "same" ? ["the preview shows no change"] : []),
            ...(kind !== "change" && planned !== "same" ? [`the preview shows ${planned}`] : []),
            ...(planned === done ? [] : [`previewed as ${planned}, and it was ${done}`]),
            ...(left === "same" ? [] : [`the preview afterwards shows ${left}: ${detailsOf(again, lane)}`]),
            ...(planned === "same"
                ? []
                : others.map(([name, value]) => `${name} was foretold as ${JSON.stringify(value)?.slice(0, 200)}`)),
        ];
    }

    function judgedRestart({ lane, kind }: Row, preview: Result, hasRestarted: boolean): string[] {
        if (kind !== "change") return hasRestarted ? ["it restarted"] : [];
        if (lane !== "service" || (stepsOf(preview)[lane] ?? "").includes("replace")) return [];
        const isAnnounced =
            /AttachedService service: this update .*(restarts .*hello\.service|stops hello\.service|starts .*hello\.service)/.test(
                preview.stdout,
            );
        if (hasRestarted && !isAnnounced) return ["hello.service restarted, and the preview didn't say so"];
        if (!hasRestarted && isAnnounced) return ["the preview says that hello.service restarts, and it didn't"];
        return [];
    }

    test("the table", async () => {
        failures = [];
        scene.program.files.write("units/spare-x.service", UNIT.replace("Spare", "Spare x"));
        scene.program.files.write("units/spare-x-more.service", UNIT);
        scene.program.files.write("mark.txt", "mark");
        scene.program.files.write("one.txt", "one\n");
        const rows = chosen(rowsOf(scene.connection, 80));
        for (const [index, round] of rounds(rows).entries()) {
            if (index % 10 === 9) process.stderr.write(`${index + 1} rounds\n`);
            await play(round).catch((error: Error) => {
                const names = LANES.map((lane) => round[lane]?.name).filter((name) => name !== undefined);
                found(`${names.join(" | ")}: ${error.message}`);
            });
        }
        process.stderr.write(`${rows.length} changes, ${failures.length} findings\n`);
        expect(failures).toEqual([]);
    }, 7_200_000);
});

function outputsOf({ resourceOutputs }: Result, lane: Lane): Record<string, unknown> {
    const urn = Object.keys(resourceOutputs).find((candidate) => candidate.endsWith(`::${RESOURCES[lane]}::${lane}`));
    return urn === undefined ? {} : (resourceOutputs[urn] ?? {});
}

function isKnown(value: unknown): boolean {
    return (
        value !== undefined && !JSON.stringify(value).includes(UNKNOWN) && !JSON.stringify(value).includes("[secret]")
    );
}

function detailsOf({ steps }: Result, lane: Lane): string {
    const step = steps.find(({ urn, op }) => urn.endsWith(`::${lane}`) && op !== "same" && op !== "refresh");
    return Object.keys(step?.detailedDiff ?? {}).join(", ");
}
