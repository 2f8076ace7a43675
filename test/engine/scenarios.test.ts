import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, engines } from "./engine";
import { faultyPlugin } from "./faulty-plugin";
import { normalized, shortForm } from "./recording";
import type { Scenario } from "./scenario";
import { ScenarioProject, type StepOutcome } from "./scenario-project";
import { SCENARIOS } from "./scenarios";

/** The outcome of a step, with the state after it if there is another engine to compare it with. */
interface Played extends StepOutcome {
    state: unknown;
}

let present: Engine[];
let directory: string;
let plugin: string;
const unconfirmed: string[] = [];

beforeAll(async () => {
    present = await engines();
    directory = mkdtempSync(join(tmpdir(), "scenarios-"));
    plugin = faultyPlugin(directory);
});

afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
    if (unconfirmed.length > 0) {
        const rows = unconfirmed.map((name) => `  ${name}\n`).join("");
        process.stderr.write(
            `No pulumi CLI on PATH: these rows hold for the stand-in engine, unconfirmed by the real one.\n${rows}`,
        );
    }
});

describe("an engine and its provider", () => {
    test.each(SCENARIOS)(
        "$name",
        async (scenario) => {
            const all: Played[][] = [];
            for (const engine of present) all.push(await play(engine, scenario));
            const [ours, theirs] = all as [Played[], Played[]?];
            if (theirs === undefined) {
                unconfirmed.push(scenario.name);
                return;
            }
            for (const [index, outcome] of ours.entries()) {
                const step = `step ${index + 1}, ${scenario.steps[index]?.run}`;
                expect({ step, ...compared(outcome) }).toEqual({ step, ...compared(theirs[index] as Played) });
            }
        },
        300_000,
    );
});

async function play(engine: Engine, scenario: Scenario): Promise<Played[]> {
    const own = join(directory, `${SCENARIOS.indexOf(scenario)}-${engine.name}`);
    mkdirSync(own);
    const project = new ScenarioProject(engine, scenario, own, plugin);
    try {
        return await playSteps(engine, scenario, project);
    } finally {
        await project.close();
    }
}

async function playSteps(engine: Engine, scenario: Scenario, project: ScenarioProject): Promise<Played[]> {
    const outcomes: Played[] = [];
    for (const [index, step] of scenario.steps.entries()) {
        const outcome = await project.run(step);
        // An export starts a process, so states are only exported if they are compared.
        outcomes.push({ ...outcome, state: present.length > 1 ? await project.state() : undefined });
        const { result, calls } = outcome;
        const where = `${engine.name}, step ${index + 1}, ${step.run}`;
        const code = step.kill === "engine" ? undefined : step.fails ? 1 : 0;
        const order = (list: string[]) => (step.run.includes("refresh") ? refreshSorted(list) : list);
        try {
            expect({ where, calls: order(shortForm(calls)) }).toEqual({ where, calls: step.calls });
            if (step.fails) expect([where, result.code === 0]).toEqual([where, false]);
            else expect([where, result.code]).toEqual([where, code]);
            if (step.summary) expect({ where, ...result.summary }).toEqual({ where, ...step.summary });
            expect(result.stdout).toContain(step.shows ?? "");
        } catch (error) {
            throw new Error(`${(error as Error).message}\n${where} printed:\n${result.stdout}`);
        }
    }
    return outcomes;
}

/** Sorts the calls of a refresh, which reads resources concurrently. */
function refreshSorted(calls: string[]): string[] {
    const first = calls.findIndex((call) => call.startsWith("check"));
    const end = first === -1 ? calls.length : first;
    return [...calls.slice(0, end).sort(), ...calls.slice(end)];
}

function compared({ result, calls, state }: Played) {
    const text = (value: unknown) => JSON.stringify(value);
    const sorted = normalized(calls).map(text).sort();
    return {
        calls: sorted.map((call) => JSON.parse(call)),
        failed: result.code !== 0,
        summary: result.summary,
        steps: result.steps.map(text).sort(),
        state,
    };
}
