import type { Inputs } from "../program";
import type { Fields, World } from "./field";

/* Sources of a PortableImage named `other`. The files, flakes and servers that they read are made in places.ts. */

const UNIT = "[Unit]\nDescription=Other\n[Service]\nExecStart=@exe@\n";
const unit = (exe: string, more = ""): Inputs => ({
    name: "other.service",
    text: `${UNIT.replace("@exe@", exe)}${more}`,
});
const hello = { "/usr/bin/hello": { asset: { $file: "bin/hello" }, mode: "0755" } };

function runtimes(): Fields {
    const python = (runtime: Inputs, program = "/usr/bin/python3"): Inputs => ({
        files: { units: [unit(`${program} -m http.server`)], runtime: { python: runtime } },
    });
    const node = (version: string, more: Inputs = {}): Inputs => ({
        files: { units: [unit("/usr/bin/node")], runtime: { node: { version, ...more } } },
    });
    return {
        "source (python)": {
            values: [python({}), python({ requirements: "requirements.txt" }), python({ requirements: "newer.txt" })],
            spellings: [python({ interpreter: "/usr/bin/python3" }), python({ requirements: "none.txt" })],
            isSlow: true,
        },
        "source (node)": {
            values: [node("24.11.0"), node("24.11.1")],
            spellings: [node("24.11.0", { architecture: "x64" }), node("24.11.0", { root: "/" })],
            isSlow: true,
        },
    };
}

function directories(): Fields {
    const directory = (path: string, more: Inputs = {}): Inputs => ({ directory: { path, ...more } });
    const own = { units: [unit("@exe@", "Restart=always\n")], substitutions: { exe: "/usr/bin/hello" } };
    return {
        "source (directory)": {
            values: [
                directory("system"),
                directory("system-next"),
                directory("system", own),
                directory("system", { ...own, substitutions: { exe: "/usr/bin/hello -h" } }),
                { files: { units: [unit("/usr/bin/hello")], tree: hello } },
            ],
            spellings: [directory("./system/"), directory("system-copy"), directory("system", { units: [] })],
        },
    };
}

function readyImages({ origin, raw }: World): Fields {
    const from = (source: Inputs): Inputs => ({ raw: source });
    return {
        "source (raw)": {
            values: [
                from({ path: "one.raw" }),
                from({ path: "two.raw" }),
                from({ url: `https://${origin}/one.raw`, sha256: raw.one }),
                from({ url: `https://${origin}/two.raw`, sha256: raw.two }),
            ],
            spellings: [
                from({ asset: { $file: "one.raw" } }),
                from({ path: "one.raw", sha256: raw.one }),
                from({ path: "one.raw", sha256: raw.one.toUpperCase() }),
                from({ url: `https://${origin}/one.raw`, sha256: raw.one }),
            ],
        },
    };
}

function containers({ origin, oci }: World): Fields {
    const from = (source: Inputs): Inputs => ({ oci: source });
    const name = (digest: string) => `${origin}/acme/hello@sha256:${digest}`;
    const reference = (digest: string) => from({ reference: name(digest) });
    const units = [unit("@exe@")];
    return {
        "source (oci)": {
            values: [
                from({ layout: "container" }),
                from({ layout: "containers", tag: "hello:2" }),
                from({ layout: "platforms", architecture: "arm/v7" }),
                from({ layout: "container", units, substitutions: { exe: "/usr/bin/hello" } }),
                from({ layout: "container", units, substitutions: { exe: "/usr/bin/hello -h" } }),
                reference(oci.two),
                reference(oci.one),
                from({ reference: name(oci.one), units: [unit("/usr/bin/hello")] }),
            ],
            spellings: [
                from({ layout: "container", architecture: "amd64" }),
                from({ layout: "containers", tag: "hello:1" }),
                from({ layout: "platforms" }),
                from({ archive: "container.tar" }),
                from({ layout: "container", units: [] }),
            ],
        },
    };
}

function nix(): Fields {
    const ready = (source: Inputs): Inputs => ({ nix: { directory: "flake", ...source } });
    const closure = (source: Inputs): Inputs => ({
        closure: {
            programs: { hello: ".#hello" },
            units: ["flake/other.service"],
            substitutions: { helloExe: "@hello@/bin/hello" },
            directory: "flake",
            ...source,
        },
    });
    const text = "import ./default.nix { }";
    return {
        "source (nix)": {
            values: [
                ready({ installable: ".#image" }),
                ready({ directory: "flake-next", installable: ".#image" }),
                ready({ file: "default.nix", installable: "image" }),
                ready({ file: "default.nix", installable: "image", arguments: ["--argstr", "greeting", "Hi"] }),
                ready({ expression: "(import ./default.nix { greeting = ''Hey''; }).image" }),
                ready({ expression: text, installable: "image" }),
            ],
            spellings: [
                ready({ installable: ".#default" }),
                ready({ installable: ".#image", arguments: ["--offline"] }),
                ready({ directory: "flake-copy", installable: ".#image" }),
            ],
            isSlow: true,
        },
        "source (closure)": {
            values: [
                closure({}),
                closure({ directory: "flake-next" }),
                closure({ units: [unit("@helloExe@", "Restart=always\n")] }),
                closure({ tree: { "/etc/hello.conf": { content: "program = @hello@\n" } } }),
                closure({ substitutions: { helloExe: "@hello@/bin/hello -h" } }),
                closure({ programs: { hello: "hello" }, file: "programs.nix" }),
                closure({
                    programs: { hello: "hello" },
                    file: "programs.nix",
                    arguments: ["--argstr", "greeting", "Hi"],
                }),
                closure({ programs: { hello: "hello" }, expression: "import ./programs.nix { greeting = ''Hey''; }" }),
            ],
            spellings: [closure({ directory: "flake-copy" }), closure({ arguments: ["--offline"] })],
            isSlow: true,
        },
    };
}

export function sourceFields(world: World): Fields {
    const fields = { ...directories(), ...readyImages(world), ...containers(world), ...nix(), ...runtimes() };
    return Object.fromEntries(
        Object.entries(fields).map(([name, field]) => [name, { input: "source", walk: "ring" as const, ...field }]),
    );
}
