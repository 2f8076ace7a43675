import type { Host } from "../../host/host";
import type { Owner } from "../../host/owner";
import type { InspectedService } from "../../host/service/inspect";
import { unitState } from "../../systemd/unit-states";
import { recordText } from "../owner";
import type { Outputs } from "./schema";

/** The outputs about whether the last update refused connections; absent before the first update. */
export type Gap = Pick<Outputs, "gapless" | "gaplessReason">;

export function gapOf({ gapless, gaplessReason }: Partial<Gap>): Gap {
    return { gapless, gaplessReason };
}

/** The outputs that describe the state of the host. */
export function stateOutputs({
    name,
    owner,
    host,
    inspection,
    shown,
    serving,
}: {
    name: string;
    owner: Owner;
    host: Host;
    inspection: Pick<InspectedService, "facts">;
    /** The image's units as systemd shows them. */
    shown: Pick<InspectedService, "shown" | "links">;
    /** Path of the attached image; empty if none is. */
    serving: string;
}) {
    return {
        name,
        serving,
        unitStates: Object.fromEntries(
            [...shown.shown].map(([unit, state]) => [
                unit,
                unitState(state, [
                    ...new Set(
                        shown.links
                            .filter((link) => link.unit === unit)
                            .map(({ name }) => name)
                            .sort(),
                    ),
                ]),
            ]),
        ),
        machineId: inspection.facts.machineId,
        record: recordText(owner),
        connection: host.connection,
    };
}
