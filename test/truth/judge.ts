import { onHost } from "../acceptance/on-every-engine";
import type { Result } from "../engine/engine";
import type { TestHost } from "../hosts";
import type { Lane, Row } from "./table";

/* Findings about the previews and the update of a row, as sentences. */

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The unit that a change of a lane may restart. */
const RESTARTED: Partial<Record<Lane, string>> = { service: "hello.service", component: "comp-x.service" };

/** The results of a row: of its preview, of `up`, and of the preview with `--refresh` afterwards. */
export interface Played {
    preview: Result;
    update: Result;
    again: Result;
    hasRestarted: boolean;
}

export function judged({ lane, kind }: Row, played: Played): string[] {
    const { preview, update, again } = played;
    const [planned, done, left] = [preview, update, again].map((result) => text(opsOf(result, lane)));
    const steps = planned === done ? [] : [`previewed as ${planned || "no change"}, and it was ${done || "no change"}`];
    return [
        ...(kind === "change" && planned === "" ? ["the preview shows no change"] : []),
        ...(kind !== "change" && planned !== "" ? [`the preview shows ${planned}`] : []),
        ...steps,
        ...(left === "" ? [] : [`the preview afterwards shows ${left}: ${detailsOf(again, lane)}`]),
        ...judgedOutputs(lane, preview, update),
        ...judgedParts(lane, preview, update),
        ...judgedRestart(lane, kind, played),
    ];
}

function judgedOutputs(lane: Lane, preview: Result, update: Result): string[] {
    const planned = opsOf(preview, lane);
    const made = outputsOf(update, lane);
    return Object.entries(outputsOf(preview, lane)).flatMap(([resource, foretold]) =>
        planned[resource] === undefined
            ? []
            : Object.entries(foretold)
                  .filter(([name, value]) => isKnown(value) && text(value) !== text(made[resource]?.[name]))
                  .map(([name, value]) => `${resource}: ${name} was foretold as ${text(value)?.slice(0, 200)}`),
    );
}

/** Paths within the fields that the provider adds, by unit or file. */
const FIELDS_WITH_PARTS = /^(unitTexts|contents|hostFiles|hostFileTexts|dropInTexts)\["(.*)"\]$/;

/** Findings about units and files that the preview shows as removed or added, while the outputs say otherwise. */
function judgedParts(lane: Lane, preview: Result, update: Result): string[] {
    const made = outputsOf(update, lane);
    return preview.steps.flatMap(({ urn, detailedDiff = {} }) => {
        const outputs = made[resourceOf(urn, lane) ?? ""];
        if (outputs === undefined) return [];
        return Object.entries(detailedDiff).flatMap(([path, { diffKind: kind }]) => {
            const [, field, part] = FIELDS_WITH_PARTS.exec(path) ?? [];
            if (field === undefined || part === undefined) return [];
            const isThere = Object.hasOwn((outputs[field] ?? {}) as object, part);
            if (kind.startsWith("delete") && isThere) return [`${path} is shown as removed, and is there`];
            return kind.startsWith("add") && !isThere ? [`${path} is shown as added, and isn't there`] : [];
        });
    });
}

function judgedRestart(lane: Lane, kind: Row["kind"], { preview, hasRestarted }: Played): string[] {
    if (kind !== "change") return hasRestarted ? ["it restarted"] : [];
    const unit = RESTARTED[lane];
    if (unit === undefined || Object.values(opsOf(preview, lane)).some((op) => op !== "update")) return [];
    const name = unit.replace(".", "\\.");
    const said = `AttachedService ${lane}(-\\w+)?: this update .*(restarts .*${name}|stops ${name}|starts .*${name})`;
    const isAnnounced = new RegExp(said).test(preview.stdout);
    if (hasRestarted && !isAnnounced) return [`${unit} restarted, and the preview didn't say so`];
    if (!hasRestarted && isAnnounced) return [`the preview says that ${unit} restarts, and it didn't`];
    return [];
}

/** Findings about images and host files that differ from the outputs. `hosts` are by machine id. */
export async function judgedHost(lane: Lane, update: Result, hosts: Map<string, TestHost>): Promise<string[]> {
    const wrong: string[] = [];
    for (const [resource, outputs] of Object.entries(outputsOf(update, lane))) {
        const host = hosts.get(String(outputs.machineId));
        if (host === undefined || opsOf(update, lane)[resource] === "delete") continue;
        for (const [path, expected] of Object.entries(digestsOf(outputs))) {
            const found = await onHost(host, `stat -c '%a %U %G' '${path}'; sha256sum <'${path}'`);
            const [mode = "", digest = ""] = found.split("\n");
            if (!expected(mode.trim(), digest.split(" ")[0] as string))
                wrong.push(`${resource}: ${path} is not as the outputs say: ${found}`);
        }
    }
    return wrong;
}

type Expected = (mode: string, digest: string) => boolean;

function digestsOf(outputs: Record<string, unknown>): Record<string, Expected> {
    const { path, digest, hostFiles } = outputs;
    const expected: Record<string, Expected> = {};
    if (typeof path === "string" && typeof digest === "string") expected[path] = (_, found) => found === digest;
    for (const [file, said] of Object.entries((hostFiles ?? {}) as Record<string, string>))
        expected[file] = (mode, found) => [found, ...mode.split(" ")].every((part) => said.includes(part));
    return expected;
}

/** The operation on each resource of a lane, without "same": `{"PortableImage::component-one": "create"}`. */
function opsOf({ steps }: Result, lane: Lane): Record<string, string> {
    const ops = steps.flatMap(({ op, urn }): [string, string][] => {
        const resource = resourceOf(urn, lane);
        return resource === undefined || op === "same" || op === "refresh" ? [] : [[resource, op]];
    });
    // The last one of a resource counts; resources beside each other come in any order.
    return Object.fromEntries(Object.entries(Object.fromEntries(ops)).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function outputsOf({ resourceOutputs }: Result, lane: Lane): Record<string, Record<string, unknown>> {
    return Object.fromEntries(
        Object.entries(resourceOutputs).flatMap(([urn, outputs]) => {
            const resource = resourceOf(urn, lane);
            return resource === undefined || resource.startsWith("PortableService") ? [] : [[resource, outputs]];
        }),
    );
}

function resourceOf(urn: string, lane: Lane): string | undefined {
    return new RegExp(`portable:index:(\\w+::${lane}(-\\w+)?)$`).exec(urn)?.[1];
}

function detailsOf({ steps }: Result, lane: Lane): string {
    return steps
        .filter(({ urn, op }) => resourceOf(urn, lane) !== undefined && op !== "same" && op !== "refresh")
        .flatMap(({ detailedDiff }) => Object.keys(detailedDiff ?? {}))
        .join(", ");
}

function isKnown(value: unknown): boolean {
    const shown = JSON.stringify(value);
    return shown !== undefined && !shown.includes(UNKNOWN) && !shown.includes("[secret]");
}

function text(value: unknown): string {
    const shown = JSON.stringify(value);
    return shown === "{}" ? "" : shown;
}
