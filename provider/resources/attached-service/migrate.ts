import { isRecord } from "../../schema/values";

type Values = Record<string, unknown>;

/** Inputs and outputs that version 0.1.0 named otherwise, or wrote as another type. */
export function migrate({ runtime, units, gapless, ...others }: Values): Values {
    return {
        ...others,
        ...(runtime === undefined ? {} : { untilReboot: runtime }),
        ...(units === undefined ? {} : { [isStates(units) ? "unitStates" : "units"]: units }),
        ...gapOfText(gapless),
    };
}

/** The output `units` was what is `unitStates` now; the input of the same name has no member `load`. */
function isStates(units: unknown): boolean {
    return isRecord(units) && Object.values(units).some((state) => isRecord(state) && "load" in state);
}

/** `gapless` was a text: "yes: ..." or "no: ..." with the reason, and empty before the first update. */
function gapOfText(gapless: unknown): Values {
    if (typeof gapless !== "string") return gapless === undefined ? {} : { gapless };
    const [, answer, gaplessReason] = /^(yes|no): (.*)$/s.exec(gapless) ?? [];
    return answer === undefined ? {} : { gapless: answer === "yes", gaplessReason };
}
