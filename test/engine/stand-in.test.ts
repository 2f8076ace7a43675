import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, engines } from "./engine";
import { faultyPlugin } from "./faulty-plugin";
import { ScenarioProject } from "./scenario-project";
import { isSecret, mapValues, type Value } from "./stand-in/values";

let directory: string;
let plugin: string;
let present: Engine[];

beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "stand-in-test-"));
    plugin = faultyPlugin(directory);
    present = await engines();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function projectFor(engine: Engine, name: string) {
    const own = join(directory, name);
    mkdirSync(own);
    return new ScenarioProject(engine, { name, steps: [], secretConfig: { "faulty:token": "hidden-t" } }, own, plugin);
}

const SECRETS = (password: string) => `
    const a = thing("a", { password: "hidden-${password}", nested: pulumi.secret({ deep: ["hidden-${password}"] }) });
    outputs.password = a.password; outputs.plain = "shown";`;

test("secrets are printed as [secret], and marked in the state", async () => {
    const [engine] = present as [Engine];
    const scenario = projectFor(engine, "secrets");
    const runs = [
        await scenario.run({ run: "preview", program: SECRETS("1"), calls: [] }),
        await scenario.run({ run: "up", calls: [] }),
        await scenario.run({ run: "preview", program: SECRETS("2"), calls: [] }),
        await scenario.run({ run: "up", faults: { "update a": "after" }, calls: [] }),
        await scenario.run({ run: "refresh", drift: { "a-0": "other" }, calls: [] }),
    ];
    for (const { result } of runs) {
        expect(result.stdout).not.toContain("hidden");
        expect(JSON.stringify(result)).not.toContain("hidden");
    }
    expect(runs[2]?.result.stdout).toContain("password: [secret] => [secret]");
    expect(runs[1]?.result.outputs.plain).toBe("shown");

    const state = (await engine.exportState(scenario.project)) as unknown as Value;
    const unmarked = mapValues(state, (value) => (isSecret(value) || isStored(value) ? "[secret]" : value));
    expect(JSON.stringify(state)).toContain("hidden");
    expect(JSON.stringify(unmarked)).not.toContain("hidden");
}, 120_000);

const isStored = (value: Value) => typeof value === "object" && value !== null && "plaintext" in value;

test("the Pulumi CLI can import the state and finds no change", async () => {
    const [ours, theirs] = present as [Engine, Engine?];
    // Without the CLI the stand-in itself reads the state.
    const reader = theirs ?? ours;
    const before = projectFor(ours, "exported");
    await before.run({ run: "up", program: SECRETS("1"), calls: [] });
    const exported = await ours.exportState(before.project);
    expect(exported).toMatchObject({ version: 3, deployment: { secrets_providers: { type: "passphrase" } } });

    await reader.importState?.(before.project, exported);
    expect(await reader.preview(before.project)).toMatchObject({ code: 0, summary: { same: 2 } });
}, 120_000);
