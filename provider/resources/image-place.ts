import { setTimeout as sleep } from "node:timers/promises";
import type { HostContext } from "../contract";
import { PartialFailure, UserError } from "../errors";
import { hostFacts, otherArchitecture, requirePortable } from "../systemd/host-facts";
import { commitImage, discardUpload, lookForImage } from "../systemd/image-programs";
import type { Owner } from "../systemd/prelude";
import type { Connection } from "../target/connection";
import type { Target } from "../target/target";
import type { Built } from "./image-build";
import { located, objectId, type Performed, perform, recordText } from "./operation";

/** What is known of an image once it is on a host. */
export interface Placed {
    /** Paths of the images that stay on the host, the newest first. */
    retained: string[];
    machineId: string;
    record: string;
    connection: Connection;
}

/** Looks, uploads what isn't there, and makes it the image that this resource wants. */
export async function place<O extends Record<string, unknown>>(
    context: HostContext,
    target: Target,
    built: Built,
    how: {
        /** How many images stay. */
        retain: number;
        /** Path of the image that the resource had before, or "". */
        adopted: string;
        outputsOf(placed: Placed): O;
    },
    owner: Owner,
    isRetry = false,
): Promise<{ id: string; outputs: O }> {
    const { path, fileName, digest, sizeBytes } = built;
    const { retain, adopted, outputsOf } = how;
    const { host } = target;
    return located({ host }, async () => {
        context.status("looking at the host");
        const look = await perform(context, target, () => lookForImage(built));
        const facts = hostFacts(look);
        requirePortable(facts, host);
        const other = otherArchitecture(facts, built.architecture);
        const id = objectId(built.name, facts.machineId);
        const { machineId } = facts;
        const outputs = (retained: string[]) =>
            outputsOf({ retained, machineId, record: recordText(owner), connection: target.connection });
        const present = look.one("present");
        const incoming = look.one("incoming");
        if (other !== undefined) {
            if (incoming !== undefined) await perform(context, target, () => discardUpload(`${incoming}/${fileName}`));
            const todo = "Build the programs for that, or give a host of the other kind; nothing was uploaded";
            throw new UserError({ property: "source", what: other, todo });
        }
        if (present !== digest && incoming === undefined) refuseUpload(look.one("free"), look.stderr, built);
        const uploaded = present === digest ? undefined : `${incoming}/${fileName}`;
        const commit = (receiving?: () => Promise<string>) =>
            perform(context, target, () => commitImage(built, uploaded, owner, { retain, adopted }), {
                answers: receiving === undefined ? {} : { receiving },
                lastKey: "done",
            });
        const said = uploaded === undefined ? await commit() : await upload(context, target, built, uploaded, commit);
        if (said.has("done")) {
            context.status(
                `${fileName} is there (${megabytes(sizeBytes)} MB${uploaded === undefined ? ", it was already" : ""})`,
            );
            return { id, outputs: outputs(said.all("retained")) };
        }
        // Another stack may have taken it away since the look.
        if (uploaded === undefined && !isRetry) return place(context, target, built, how, owner, true);
        const arrived = said.one("digest");
        const what =
            arrived !== undefined && arrived !== digest
                ? `the image arrived with another SHA-256: ${arrived} in place of ${digest}`
                : `the image couldn't be put at ${path}`;
        throw new PartialFailure(id, outputs([]), [
            new UserError({
                host,
                what,
                said: said.stderr,
                todo: "What was there before is untouched; run `pulumi up` again",
            }).message,
        ]);
    });
}

/** How long what ends on one end of a connection may take to end on the other. */
const SETTLE_MS = 2000;

/** Runs the program that takes the image in, and uploads when it listens. What breaks the upload is what is thrown. */
async function upload(
    context: HostContext,
    target: Target,
    { file, sizeBytes }: Built,
    uploaded: string,
    commit: (receiving: () => Promise<string>) => Promise<Performed>,
): Promise<Performed> {
    let uploading: Promise<unknown> | undefined;
    let failure: unknown;
    const over = new AbortController();
    const receiving = async () => {
        const signal = AbortSignal.any([context.signal, over.signal]);
        const onProgress = (done: number, total: number) =>
            context.status(`uploading ${megabytes(done)}/${megabytes(total)} MB`);
        const sent = target.upload(file, uploaded, { signal, onProgress });
        uploading = sent.catch((error) => {
            if (!over.signal.aborted) failure = error;
        });
        await sent;
        context.status("verifying the upload");
        return "uploaded\n";
    };
    const work = async () => {
        try {
            return await commit(receiving);
        } finally {
            // A program that is dead takes nothing more.
            await Promise.race([uploading, sleep(SETTLE_MS, undefined, { ref: false })]);
            over.abort(new Error("the host takes no more of the upload"));
            await uploading;
        }
    };
    context.status(`waiting to upload ${megabytes(sizeBytes)} MB`);
    try {
        const said = await target.inTurn(work, { signal: context.signal });
        if (failure !== undefined) throw failure;
        return said;
    } catch (error) {
        // What has listened tidies by itself. A host that can't be reached keeps an empty directory, for a day.
        const signal = AbortSignal.timeout(5000);
        if (uploading === undefined)
            await perform({ status() {}, signal }, target, () => discardUpload(uploaded)).catch(() => {});
        throw failure ?? error;
    }
}

function refuseUpload(free: string | undefined, said: string, { sizeBytes, path }: Built): never {
    if (free !== undefined && Number(free) <= sizeBytes)
        throw new UserError({
            what: `there is no room for the image ${path}: it has ${megabytes(sizeBytes)} MB, and ${megabytes(Number(free))} MB are free on /var/lib`,
            todo: "Make room there; nothing was changed",
        });
    throw new UserError({ what: "no directory to upload to could be made in /var/lib", said });
}

function megabytes(bytes: number): string {
    return (bytes / 1e6).toFixed(1);
}
