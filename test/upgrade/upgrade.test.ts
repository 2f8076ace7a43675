import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { which } from "../acceptance/on-every-engine";
import { type Engine, engines, type Project } from "../engine/engine";
import { PAUSE } from "./pause";

/*
 * Output of `pulumi stack export --show-secrets` with version 0.1.0 of the provider, after an update and after a refresh,
 * which stores defaults. Times, positions in the engine's source, and the key were removed.
 */
const RECORDINGS = ["up", "refreshed"];
const RESOURCES = 10;

const root = join(__dirname, "../..");
const names = which("pulumi") ? (["stand-in", "pulumi"] as const) : (["stand-in"] as const);
jest.setTimeout(120_000);

describe.each(names)("a state of version 0.1.0 on the engine %s", (name) => {
    const directory = mkdtempSync(join(tmpdir(), "portable-upgrade-"));
    const project: Project = {
        directory,
        stack: "test",
        secretConfig: { privateKey: "the private key", greeting: "tell-nobody" },
    };
    let engine: Engine;

    beforeAll(async () => {
        engine = (await engines()).find((candidate) => candidate.name === name) as Engine;
        cpSync(join(__dirname, "program"), directory, { recursive: true });
        mkdirSync(join(directory, "bin"));
        writeFileSync(join(directory, "bin/pause"), PAUSE);
        symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
        symlinkSync(join(root, "provider"), join(directory, "provider"));
    });
    afterEach(() => engine.forget(project));
    afterAll(() => rmSync(directory, { recursive: true }));

    const preview = async (recording: string) => {
        await engine.importState?.(
            project,
            JSON.parse(readFileSync(join(__dirname, "0.1.0", `${recording}.json`), "utf8")),
        );
        return engine.preview(project, { diff: true });
    };

    test.each(RECORDINGS)("has no change in a preview: %s", async (recording) => {
        const { stdout, summary } = await preview(recording);
        expect({ stdout, summary }).toEqual({ stdout, summary: { same: RESOURCES } });
    });

    test("shows only the change of the program", async () => {
        const program = join(directory, "index.js");
        const text = readFileSync(program, "utf8");
        writeFileSync(program, text.replace("Nice: 5", "Nice: 6"));
        try {
            const { stdout, summary } = await preview("refreshed");
            expect(summary).toEqual({ same: RESOURCES - 1, update: 1 });
            expect(stdout).toMatch(/Nice: 5 => 6/);
            expect(stdout).not.toMatch(/runtime *:|untilReboot/);
        } finally {
            writeFileSync(program, text);
        }
    });
});
