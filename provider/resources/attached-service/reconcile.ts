import { randomBytes } from "node:crypto";
import type { HostContext } from "../../contract";
import { located, PartialFailure, UserError } from "../../errors";
import { requirePortable } from "../../host/facts";
import { foundFiles } from "../../host/files";
import type { Host } from "../../host/host";
import type { Owner } from "../../host/owner";
import { budgetSeconds, type Performed, perform } from "../../host/perform";
import { CONFIRM_SECONDS } from "../../host/service/back";
import { lookForService, type ServiceLook, serviceLook } from "../../host/service/look";
import { planSwitch } from "../../host/service/plan";
import { restOfSwitch } from "../../host/service/rest";
import { CONFIRMATION, switchService } from "../../host/service/switch";
import { imageName, isDropInPath } from "../../systemd/paths";
import { parseShow, type ShownUnit, unitState } from "../../systemd/unit-states";
import { foundStates } from "../drop-in/content";
import { objectId, recordText } from "../owner";
import { desiredService } from "./desired";
import { waitUntilHealthy } from "./health";
import type { Inputs, Outputs } from "./schema";
import { failureText, gaplessText, refuseBefore, refused } from "./texts";

export async function lookAtHostFor(
    context: HostContext,
    host: Host,
    request: {
        name: string;
        image: string | undefined;
        extensions: string[];
        owner: Owner;
        paths: string[];
        texts: string[];
        mayPutBack: boolean;
    },
): Promise<ServiceLook> {
    const said = await perform(context, host, () => lookForService({ ...request, token: request.owner.token }));
    return serviceLook(said, { host: host.name, image: request.image });
}

interface Known {
    owner: Owner;
    /** The output as it was. */
    gapless: string;
    /** Files of the state: there where it has the service already. Then what is attached is taken for it. */
    adopted?: string[];
    /** Looks after which the host wasn't any more as it was seen. */
    looksBefore?: number;
}

/** Another operation may be at the same service; each time it is through, the host is looked at again. */
const LOOKS = 3;

/** Observe, bring to the declared state, verify, read back. Equal inputs are reconciled too. */
export async function reconcile(
    context: HostContext,
    host: Host,
    given: Inputs,
    { owner, gapless, adopted, looksBefore = 0 }: Known,
): Promise<{ id: string; outputs: Outputs }> {
    const name = imageName(given.image);
    return located({ host: host.name }, async () => {
        const desired = await desiredService(context, given, owner);
        const paths = desired.files.map((file) => file.path);
        context.status("looking at the host");
        const look = await lookAtHostFor(context, host, {
            name,
            image: given.image,
            extensions: given.extensions,
            owner,
            paths,
            texts: [],
            mayPutBack: true,
        });
        requirePortable(look.facts, host.name);
        const isLast = looksBefore + 1 >= LOOKS;
        const again = () => reconcile(context, host, given, { owner, gapless, adopted, looksBefore: looksBefore + 1 });
        if (look.isUnfinished && !isLast) return again();
        const imageUnits = refuseBefore(look, given, owner, name, adopted === undefined);
        const plan = planSwitch({ ...look, imageUnits }, desired);
        const id = objectId(name, look.facts.machineId);
        const result = (
            shown: Map<string, ShownUnit>,
            serving: string,
            seen = gapless,
        ): { id: string; outputs: Outputs } => ({
            id,
            outputs: {
                name,
                serving,
                units: Object.fromEntries([...shown].map(([unit, state]) => [unit, unitState(state)])),
                dropInTexts: Object.fromEntries(desired.texts),
                hostFiles: foundStates(
                    new Map(desired.files.map((file) => [file.path, file])),
                    Object.keys(given.files ?? {}),
                ),
                gapless: seen,
                machineId: look.facts.machineId,
                record: recordText(owner),
                connection: host.connection,
            },
        });
        if (plan.nothingToDo && look.owner?.nonce === owner.nonce) return result(look.shown, given.image);

        const checks = {
            stableSeconds: given.health?.stableSeconds,
            command: given.health?.command,
            timeoutSeconds: given.health?.timeoutSeconds ?? 0,
        };
        let unhealthy: string | undefined;
        const ended = new AbortController();
        const confirm = async () => {
            const signal = AbortSignal.any([context.signal, ended.signal]);
            unhealthy =
                given.health &&
                (await waitUntilHealthy({ signal, status: (text) => context.status(text) }, host, given.health));
            if (unhealthy !== undefined) return "unhealthy\n";
            // A host that serves but lets nobody in any more goes back by itself: so a newcomer tries the door.
            const patience = AbortSignal.timeout((CONFIRM_SECONDS - 5) * 1000);
            await host.reach({ signal: AbortSignal.any([signal, patience]) });
            return `${CONFIRMATION}\n`;
        };
        const switchId = randomBytes(8).toString("hex");
        let said: Performed;
        let lost: string | undefined;
        try {
            said = await perform(
                context,
                host,
                (report) =>
                    switchService(report, name, owner, plan, checks, adopted ?? [], budgetSeconds(context), switchId),
                { answers: { confirm }, lastKey: "done" },
            ).finally(() => ended.abort(new Error("the update has ended")));
            if (said.has("touched") && !said.has("done") && !said.has("failed"))
                throw new UserError({ what: "its program was killed there", said: said.stderr });
        } catch (error) {
            lost = error instanceof UserError ? error.problem.what : String(error);
            const reason = lost;
            try {
                said = await perform(context, host, () => restOfSwitch(name, owner, plan, switchId, reason));
            } catch {
                throw new PartialFailure(id, result(look.shown, plan.previous?.path ?? "").outputs, [
                    `The update failed on ${host}: ${reason}. The host goes back by itself to what served before, if it isn't confirmed; what serves now isn't known here: \`pulumi refresh\` looks, \`pulumi up\` repairs.`,
                ]);
            }
        }
        if ((said.has("interrupted") || said.has("changed")) && !isLast) return again();
        if (!said.has("touched")) refused(said, name, given);
        const shown = parseShow(said.block("show") ?? "");
        if (said.has("done")) {
            context.status(`${given.image.split("/").pop()} serves`);
            return result(shown, given.image, lost === undefined ? gaplessText(said, plan) : undefined);
        }
        const serving = said.one("serving")?.split(" ")[0] ?? "nothing";
        const before = plan.previous?.path ?? "";
        // What served before is held to the same health as what was to replace it.
        const goneBack =
            given.health !== undefined && serving === before && before !== ""
                ? await waitUntilHealthy(context, host, given.health)
                : undefined;
        const attached = serving === "kept" ? given.image : serving === "nothing" ? before : serving;
        const { outputs } = result(shown, attached);
        const files = foundFiles(said.all("file"));
        const found = {
            dropInTexts: Object.fromEntries([...said.blocksOf("content")].filter(([path]) => isDropInPath(path))),
            hostFiles: foundStates(
                files,
                [...files.keys()].filter((path) => !isDropInPath(path)),
            ),
        };
        throw new PartialFailure(id, { ...outputs, ...found }, [
            failureText(said, plan, host.name, { unhealthy, goneBack }),
        ]);
    });
}
