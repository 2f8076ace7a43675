import type { HostContext } from "../../contract";
import { located, PartialFailure, UserError } from "../../errors";
import type { Connection } from "../../host/connection";
import { hostFacts, otherArchitecture, requirePortable } from "../../host/facts";
import type { Answer, Host } from "../../host/host";
import { type Arrival, commitImage, discardUpload, lookForImage } from "../../host/image";
import type { Owner } from "../../host/owner";
import { perform } from "../../host/perform";
import { parseIndex } from "../../transfer/chunks";
import { newBytes, planDelta } from "../../transfer/delta";
import { objectId, recordText } from "../owner";
import type { Built } from "./build";
import { megabytes, sendImage } from "./upload";

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
    host: Host,
    built: Built,
    how: {
        /** How many images stay. */
        retain: number;
        /** Path of the image that the resource had before, or "". */
        adopted: string;
        /** What the image is made of: an index of chunks. */
        index: Promise<string>;
        outputsOf(placed: Placed): O;
    },
    owner: Owner,
    retried: { isGone?: boolean; isWhole?: boolean } = {},
): Promise<{ id: string; outputs: O }> {
    const { path, fileName, digest, sizeBytes } = built;
    const { retain, adopted, index, outputsOf } = how;
    return located({ host: host.name }, async () => {
        context.status("looking at the host");
        const look = await perform(context, host, () => lookForImage(built, retried.isWhole ? "" : adopted));
        const facts = hostFacts(look);
        requirePortable(facts, host.name);
        const other = otherArchitecture(facts, built.architecture);
        const id = objectId(built.name, facts.machineId);
        const { machineId } = facts;
        const outputs = (retained: string[]) =>
            outputsOf({ retained, machineId, record: recordText(owner), connection: host.connection });
        const present = look.one("present");
        const incoming = look.one("incoming");
        if (other !== undefined) {
            if (incoming !== undefined) await perform(context, host, () => discardUpload(`${incoming}/${fileName}`));
            const todo = "Build the programs for that, or give a host of the other kind; nothing was uploaded";
            throw new UserError({ property: "source", what: other, todo });
        }
        if (present !== digest && incoming === undefined) refuseUpload(look.one("free"), look.stderr, built);
        const arrival =
            present === digest || incoming === undefined
                ? undefined
                : arrivalOf(`${incoming}/${fileName}`, adopted, look.block("chunks"), await index);
        const commit = (receiving?: () => Promise<Answer>) =>
            perform(context, host, () => commitImage(built, arrival, owner, { retain, adopted }), {
                answers: receiving === undefined ? {} : { receiving },
                lastKey: "done",
            });
        const said = arrival === undefined ? await commit() : await sendImage(context, host, built, arrival, commit);
        if (said.has("done")) {
            context.status(`${fileName} is there (${megabytes(sizeBytes)} MB${howText(arrival)})`);
            return { id, outputs: outputs(said.all("retained")) };
        }
        // Another stack may have taken it away since the look.
        if (arrival === undefined && !retried.isGone)
            return place(context, host, built, how, owner, { ...retried, isGone: true });
        // What was there before may be damaged, or just gone.
        if (arrival?.from !== undefined) return place(context, host, built, how, owner, { ...retried, isWhole: true });
        const arrived = said.one("digest");
        const what =
            arrived !== undefined && arrived !== digest
                ? `the image arrived with another SHA-256: ${arrived} in place of ${digest}`
                : `the image couldn't be put at ${path}`;
        throw new PartialFailure(id, outputs([]), [
            new UserError({
                host: host.name,
                what,
                said: said.stderr,
                todo: "What was there before is untouched; run `pulumi up` again",
            }).message,
        ]);
    });
}

function arrivalOf(uploaded: string, before: string, chunks: string | undefined, index: string): Arrival {
    const parts = chunks === undefined ? undefined : planDelta(parseIndex(chunks), parseIndex(index));
    return { uploaded, from: parts && { image: before, parts }, index };
}

function howText(arrival: Arrival | undefined): string {
    if (arrival === undefined) return ", it was already";
    if (arrival.from === undefined) return "";
    return `, ${megabytes(newBytes(arrival.from.parts))} MB of them uploaded`;
}

function refuseUpload(free: string | undefined, said: string, { sizeBytes, path }: Built): never {
    if (free !== undefined && Number(free) <= sizeBytes)
        throw new UserError({
            what: `there is no room for the image ${path}: it has ${megabytes(sizeBytes)} MB, and ${megabytes(Number(free))} MB are free on /var/lib`,
            todo: "Make room there; nothing was changed",
        });
    throw new UserError({ what: "no directory to upload to could be made in /var/lib", said });
}
