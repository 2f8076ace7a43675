import { isRecord } from "../../schema/values";

type Values = Record<string, unknown>;

/** Converts inputs and outputs that version 0.1.0 wrote with other names or types. */
export function migrate({ runtime, units, gapless, ...others }: Values): Values {
    return {
        ...others,
        ...(runtime === undefined ? {} : { untilReboot: runtime }),
        ...(units === undefined ? {} : { [isStates(units) ? "unitStates" : "units"]: units }),
        ...gapOfText(gapless),
    };
}

/** Whether `units` is the old output that is now `unitStates`; the input `units` has no member `load`. */
function isStates(units: unknown): boolean {
    return isRecord(units) && Object.values(units).some((state) => isRecord(state) && "load" in state);
}

/** Converts the old `gapless`, a text: "yes: ..." or "no: ..." with the reason, and empty before the first update. */
function gapOfText(gapless: unknown): Values {
    if (typeof gapless !== "string") return gapless === undefined ? {} : { gapless };
    const [, answer, gaplessReason] = /^(yes|no): (.*)$/s.exec(gapless) ?? [];
    return answer === undefined ? {} : { gapless: answer === "yes", gaplessReason };
}
