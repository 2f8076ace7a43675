import type { HostContext } from "../../contract";
import { located, PartialFailure, UserError } from "../../errors";
import { megabytes } from "../../format";
import type { Connection } from "../../host/connection";
import { type HostFacts, hostFacts, otherArchitecture, requirePortable } from "../../host/facts";
import type { Answer, Host } from "../../host/host";
import { type Arrival, commitImage, inspectImage } from "../../host/image";
import type { Owner } from "../../host/owner";
import { type Performed, perform } from "../../host/perform";
import { parseIndex } from "../../transfer/chunks";
import { newBytes, planDelta } from "../../transfer/delta";
import { objectId, recordText } from "../owner";
import type { Built } from "./build";
import { sendImage } from "./upload";

/** Facts about an image on a host. */
export interface Placed {
    /** Paths of the images that are kept on the host, the newest first. */
    retained: string[];
    machineId: string;
    record: string;
    connection: Connection;
}

interface Placement<O> {
    built: Built;
    owner: Owner;
    /** Number of images to keep on the host. */
    retain: number;
    /** Path of the resource's image in the state, or "". */
    adopted: string;
    /** Chunk index of the image (transfer/chunks.ts). */
    index: Promise<string>;
    outputsOf(placed: Placed): O;
}

/** The result of one attempt to place the image. */
interface Attempt {
    report: Performed;
    facts: HostFacts;
    /** How the image was uploaded; undefined if it was on the host already. */
    arrival: Arrival | undefined;
}

const ATTEMPTS = 3;

/** Uploads an image to the host unless it is there already, and records the resource's claim on it. */
export async function place<O extends Record<string, unknown>>(
    context: HostContext,
    host: Host,
    placement: Placement<O>,
): Promise<{ id: string; outputs: O }> {
    const { built, owner, outputsOf } = placement;
    return located({ host: host.name }, async () => {
        const { report, facts, arrival } = await placed(context, host, placement);
        const id = objectId(built.name, facts.machineId);
        const outputs = outputsOf({
            retained: report.all("retained"),
            machineId: facts.machineId,
            record: recordText(owner),
            connection: host.connection,
        });
        if (!report.has("done")) throw new PartialFailure(id, outputs, [notPlaced(host, built, report)]);
        context.status(`${built.fileName} is on the host (${megabytes(built.sizeBytes)} MB${arrivalText(arrival)})`);
        return { id, outputs };
    });
}

/** The attempt that succeeded, or the last one. */
async function placed<O>(context: HostContext, host: Host, placement: Placement<O>): Promise<Attempt> {
    let reused = placement.adopted;
    for (let count = 1; ; count++) {
        const last = await attempt(context, host, placement, reused);
        if (last.report.has("done") || count === ATTEMPTS) return last;
        // The image was on the host, and was removed in between: the next attempt uploads it.
        if (last.arrival === undefined) continue;
        if (last.arrival.from === undefined) return last;
        // The image whose chunks were reused may be damaged: the next attempt uploads the full image.
        reused = "";
    }
}

/** `reused` is the path of an image on the host whose chunks are reused, or "". */
async function attempt<O>(
    context: HostContext,
    host: Host,
    { built, owner, retain, adopted, index }: Placement<O>,
    reused: string,
): Promise<Attempt> {
    context.status("inspecting the host");
    const inspection = await perform(context, host, () => inspectImage(built, reused));
    const facts = hostFacts(inspection);
    requirePortable(facts, host.name);
    const isPresent = inspection.one("present") === built.digest;
    const other = otherArchitecture(facts, built.architecture);
    if (other !== undefined) {
        const todo = "Build the programs for that, or give a host of the other kind; nothing was uploaded";
        throw new UserError({ property: "source", what: other, todo });
    }
    if (!isPresent) refuseFullDisk(inspection.one("free"), built);
    const arrival = isPresent
        ? undefined
        : built.file === undefined
          ? copyOf(built, reused, inspection.block("chunks"))
          : arrivalOf(reused, inspection.block("chunks"), await index);
    const commit = (receiving?: (path: string) => Promise<Answer>) =>
        perform(context, host, () => commitImage(built, arrival, owner, { retain, adopted }), {
            answers: receiving === undefined ? {} : { receiving },
            lastKey: "done",
        });
    const report = arrival === undefined ? await commit() : await sendImage(context, host, built, arrival, commit);
    if (report.has("no-incoming"))
        throw new UserError({
            what: "no directory to upload to could be made in /var/lib",
            reported: report.block("output"),
            todo: "Make room there, or let root write there; nothing was changed",
        });
    return { report, facts, arrival };
}

function arrivalOf(reused: string, chunks: string | undefined, index: string): Arrival {
    const parts = chunks === undefined ? undefined : planDelta(parseIndex(chunks), parseIndex(index));
    return { from: parts && { image: reused, parts }, index };
}

/** Makes the image a copy of one with the same bytes that the host has with another version. */
function copyOf({ sizeBytes }: Built, image: string, chunks = ""): Arrival {
    if (image === "")
        throw new UserError({
            property: "source",
            what: "the deployed image isn't on the host any more, and its source, which ignoreChanges keeps, has other bytes here",
            todo: "Take `source` out of ignoreChanges once",
        });
    return { from: { image, parts: [{ from: "old", offset: 0, length: sizeBytes }] }, index: chunks };
}

function arrivalText(arrival: Arrival | undefined): string {
    if (arrival === undefined) return ", it was there already";
    if (arrival.from === undefined) return "";
    return `, ${megabytes(newBytes(arrival.from.parts))} MB of them uploaded`;
}

function notPlaced(host: Host, { digest, path }: Built, report: Performed): string {
    const arrived = report.one("digest");
    const what =
        arrived !== undefined && arrived !== digest
            ? `the image arrived with another SHA-256: ${arrived} in place of ${digest}`
            : `the image couldn't be put at ${path}`;
    const todo = "What was there before is unchanged; run `pulumi up` again";
    return new UserError({ host: host.name, what, reported: report.stderr, todo }).message;
}

function refuseFullDisk(free: string | undefined, { sizeBytes, path }: Built): void {
    if (free !== undefined && Number(free) <= sizeBytes)
        throw new UserError({
            what: `there is no room for the image ${path}: it has ${megabytes(sizeBytes)} MB, and ${megabytes(Number(free))} MB are free on /var/lib`,
            todo: "Make room there; nothing was changed",
        });
}
