import { randomBytes } from "node:crypto";
import type { DerivedValues, HostContext } from "../../contract";
import { located, PartialFailure, UserError } from "../../errors";
import { requirePortable } from "../../host/facts";
import { foundFiles } from "../../host/files";
import type { Host } from "../../host/host";
import type { Owner } from "../../host/owner";
import { budgetSeconds, NotBegun, type Performed, perform } from "../../host/perform";
import type { DesiredService } from "../../host/service/desired";
import { type InspectedService, inspectService, parseInspection, shownUnits } from "../../host/service/inspect";
import { planSwitch, type SwitchPlan } from "../../host/service/plan";
import { restOfSwitch } from "../../host/service/rest";
import { CONFIRM_SECONDS } from "../../host/service/roll-back";
import { CONFIRMATION, switchService } from "../../host/service/switch";
import { present } from "../../schema/values";
import { imageName, isDropInPath } from "../../systemd/paths";
import { instanceOf } from "../../systemd/unit-names";
import { foundHostFiles, refuseOtherKept, textsAsFound } from "../content/host-files";
import { warnOfOverriddenSettings } from "../overridden";
import { objectId } from "../owner";
import { endedUnits, laterDropIns, unreadDropIns } from "./as-declared";
import { refuseInspected, refuseUntouched, Superseded } from "./checks";
import { desiredService } from "./desired";
import { requireConnections, waitUntilHealthy } from "./health";
import { type Gap, stateOutputs } from "./outputs";
import { refuseOwner } from "./refuse-owner";
import type { Inputs, Outputs, outputs } from "./schema";
import { failureReason, gapOfUpdate } from "./texts";

/** Number of inspections and updates if another operation changes the same service in between. */
const ATTEMPTS = 3;
/** Number of inspections: the first one may roll back an interrupted update, and the next one shows the result. */
const INSPECTIONS = 2;

/** The declared state for one operation, and values from the resource's state. */
interface Request {
    declared: Inputs;
    derived: DerivedValues<typeof outputs>;
    owner: Owner;
    /** The outputs about refused connections of the last update. */
    gap: Gap;
    /**
     * Paths of drop-ins and host files in the state; undefined if the service isn't in the state yet. They, and the attached
     * image, may exist on the host without a record (after an import).
     */
    adopted?: string[];
    /** Names in the input `units` of the last update. */
    formerUnits?: string[];
    /** Machine id of the host at the last update. */
    machineId?: string;
}

interface Result {
    id: string;
    outputs: Outputs;
}

export async function inspectHostFor(
    context: HostContext,
    host: Host,
    request: {
        name: string;
        image: string | undefined;
        extensions: string[];
        owner: Owner;
        paths: string[];
        texts: string[];
        instances: string[];
        declaredImage: string | undefined;
        budgetSeconds: number | undefined;
    },
): Promise<InspectedService> {
    const report = await perform(context, host, () => inspectService({ ...request, token: request.owner.token }));
    return parseInspection(report, { host: host.name, image: request.image });
}

/** Instances of templates among names of units. */
export function instancesIn(units: Readonly<Record<string, unknown>> | readonly string[] = {}): string[] {
    const names = Array.isArray(units) ? units : Object.keys(units);
    return names.filter((unit) => instanceOf(unit) !== undefined);
}

/** Inspects the host, brings the service to the declared state, verifies it and reads it back. */
export function reconcile(context: HostContext, host: Host, request: Request): Promise<Result> {
    return located({ host: host.name }, async () => {
        const { declared, derived, owner } = request;
        const announced = {
            dropInTexts: present(derived.dropInTexts, "dropInTexts"),
            hostFiles: present(derived.hostFiles, "hostFiles"),
        };
        const desired = await desiredService(context, declared, announced, owner, request.formerUnits ?? []);
        const reconciliation = new Reconciliation(context, host, request, desired);
        for (let attempt = 1; ; attempt++) {
            try {
                return await reconciliation.attempt(await reconciliation.inspect(), attempt === 1);
            } catch (error) {
                if (!(error instanceof Superseded) || attempt === ATTEMPTS) throw error;
            }
        }
    });
}

class Reconciliation {
    /** Name of the portable service. */
    private readonly name: string;

    constructor(
        private readonly context: HostContext,
        private readonly host: Host,
        private readonly request: Request,
        private readonly desired: DesiredService,
    ) {
        this.name = imageName(desired.image);
    }

    async inspect(): Promise<InspectedService> {
        this.context.status("inspecting the host");
        for (let count = 1; ; count++) {
            const inspection = await inspectHostFor(this.context, this.host, {
                name: this.name,
                image: this.desired.image,
                extensions: this.desired.extensions,
                owner: this.request.owner,
                paths: this.desired.files.map((file) => file.path),
                texts: [],
                instances: [...instancesIn(this.desired.units), ...instancesIn(this.request.formerUnits)],
                declaredImage: this.desired.image,
                budgetSeconds: budgetSeconds(this.context),
            });
            requirePortable(inspection.facts, this.host.name);
            if (!inspection.isUnfinished || count === INSPECTIONS) return inspection;
        }
    }

    /** Makes one attempt. Throws {@link Superseded} if the host has changed since the inspection. */
    async attempt(inspection: InspectedService, isFirst: boolean): Promise<Result> {
        const { declared, owner, gap, adopted, machineId } = this.request;
        const { name } = this;
        refuseOwner({ inspection, owner, name, machineId, others: this.context.component?.others ?? [] });
        const imageUnits = refuseInspected({ inspection, declared, name, isNew: adopted === undefined });
        refuseOtherKept(this.desired.files, this.request.derived.hostFiles ?? {}, inspection.files);
        const plan = planSwitch({ ...inspection, imageUnits }, this.desired);
        if (plan.nothingToDo && inspection.owner?.nonce === owner.nonce)
            return this.result(inspection, inspection, declared.image, gap);
        if (declared.health !== undefined) await requireConnections(this.context, this.host, declared.health);
        const { report, isAnswerLost, unhealthy } = await this.switchTo(inspection, plan);
        if (!report.has("changing")) refuseUntouched(report, name, declared);
        if (!report.has("done")) throw await this.failure(inspection, plan, report, unhealthy);
        const shown = shownUnits(report);
        // For example a socket whose stop someone began just before: systemd stops it once its service has stopped.
        const ended = endedUnits(plan, shown).map((unit) => `${unit} on ${this.host.name} at the end of the update`);
        if (ended.length > 0 && isFirst) throw new Superseded({ what: ended.join(", ") });
        for (const unit of ended)
            this.context.warn(`${unit}. Something stops it, or it ends by itself: read its journal there.`);
        this.context.status(`${declared.image.split("/").pop()} is running`);
        for (const unread of unreadDropIns(plan, shown))
            this.context.warn(`${unread} on ${this.host.name}, so it has no effect there.`);
        const texts = this.request.derived.dropInTexts ?? {};
        await warnOfOverriddenSettings(this.context, this.host, owner, laterDropIns(plan, shown, texts));
        return this.result(inspection, shown, declared.image, isAnswerLost ? gap : (gapOfUpdate(report, plan) ?? gap));
    }

    /** Runs the switch. If the connection breaks, gets the result over a new connection. */
    private async switchTo(
        inspection: InspectedService,
        plan: SwitchPlan,
    ): Promise<{ report: Performed; isAnswerLost: boolean; unhealthy: string | undefined }> {
        const { context, host, name } = this;
        const { declared, owner, adopted = [] } = this.request;
        const { stableSeconds, timeoutSeconds = 0, command: check } = declared.health ?? {};
        const command = check && { ...check, inside: check.inside && plan.unitNamed(check.inside) };
        const switchId = randomBytes(8).toString("hex");
        const confirmation = new Confirmation(context, host, declared.health);
        try {
            const outcome = await perform(
                context,
                host,
                (report) =>
                    switchService(
                        report,
                        name,
                        owner,
                        plan,
                        { stableSeconds, command, timeoutSeconds },
                        adopted,
                        budgetSeconds(context),
                        switchId,
                    ),
                { answers: { confirm: () => confirmation.answer() }, lastKey: "done" },
            ).finally(() => confirmation.end());
            if (outcome.has("changing") && !outcome.has("done") && !outcome.has("failed"))
                throw new UserError({ what: "its program was killed there", reported: outcome.stderr });
            return { report: outcome, isAnswerLost: false, unhealthy: confirmation.unhealthy };
        } catch (error) {
            if (error instanceof NotBegun) throw error;
            const reason = error instanceof UserError ? error.problem.what : String(error);
            try {
                const report = await perform(context, host, () => restOfSwitch(name, owner, plan, switchId, reason));
                return { report, isAnswerLost: true, unhealthy: confirmation.unhealthy };
            } catch {
                const { id, outputs } = this.result(inspection, inspection, plan.previous?.path ?? "");
                throw new PartialFailure(id, outputs, [
                    `The update failed on ${host.name}: ${reason}. Unless it was confirmed, the host rolls back by itself to what was running before; what is running now isn't known here: \`pulumi refresh\` shows it, \`pulumi up\` repairs it.`,
                ]);
            }
        }
    }

    /** The state after a failed update. The restored version is checked by the same health checks. */
    private async failure(
        inspection: InspectedService,
        plan: SwitchPlan,
        report: Performed,
        unhealthy: string | undefined,
    ): Promise<PartialFailure> {
        const { health, image } = this.request.declared;
        const running = report.one("running")?.split(" ")[0] ?? "nothing";
        const previous = plan.previous?.path ?? "";
        const ofPrevious =
            health !== undefined && running === previous && previous !== ""
                ? await waitUntilHealthy(this.context, this.host, health)
                : undefined;
        const attached = running === "kept" ? image : running === "nothing" ? previous : running;
        const { id, outputs } = this.result(inspection, shownUnits(report), attached);
        const files = foundFiles(report.all("file"));
        const hostFilePaths = [...files.keys()].filter((path) => !isDropInPath(path));
        const found = {
            dropInTexts: Object.fromEntries([...report.blocksOf("content")].filter(([path]) => isDropInPath(path))),
            hostFiles: foundHostFiles(files, hostFilePaths, this.request.declared.files),
        };
        const reason = failureReason(report, plan, this.host.name, { ofNew: unhealthy, ofPrevious });
        const { hostFileTexts, hostFiles } = this.request.derived;
        const texts = { hostFileTexts: textsAsFound(hostFileTexts, hostFiles, found.hostFiles) };
        return new PartialFailure(id, { ...outputs, ...found, ...texts }, [reason]);
    }

    private result(
        inspection: InspectedService,
        shown: Pick<InspectedService, "shown" | "links">,
        running: string,
        gap = this.request.gap,
    ): Result {
        const { name, host } = this;
        const { owner, derived } = this.request;
        return {
            id: objectId(name, inspection.facts.machineId),
            outputs: {
                ...stateOutputs({ name, owner, host, inspection, shown, serving: running }),
                dropInTexts: derived.dropInTexts ?? {},
                hostFiles: derived.hostFiles ?? {},
                hostFileTexts: derived.hostFileTexts,
                ...gap,
            },
        };
    }
}

/** The client's part in an update: its health checks, and a new login to the host. */
class Confirmation {
    unhealthy: string | undefined;
    private readonly ended = new AbortController();

    constructor(
        private readonly context: HostContext,
        private readonly host: Host,
        private readonly health: Inputs["health"],
    ) {}

    /** The line that the host waits for; any other line than {@link CONFIRMATION} makes it roll back. */
    async answer(): Promise<string> {
        const { context, health, host } = this;
        const signal = AbortSignal.any([context.signal, this.ended.signal]);
        this.unhealthy =
            health && (await waitUntilHealthy({ signal, status: (text) => context.status(text) }, host, health));
        if (this.unhealthy !== undefined) return "unhealthy\n";
        // A host that refuses logins after the update must roll back, so a new login is tested.
        const patience = AbortSignal.timeout((CONFIRM_SECONDS - 5) * 1000);
        await host.reach({ signal: AbortSignal.any([signal, patience]) });
        return `${CONFIRMATION}\n`;
    }

    end(): void {
        this.ended.abort(new Error("the update has ended"));
    }
}
