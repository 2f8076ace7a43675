import { appendFileSync } from "node:fs";

/** Appends a measurement as a line of JSON to the file that PORTABLE_FIGURES names, if it is set (scripts/soak.sh). */
export function report(what: string, figures: object): void {
    const file = process.env.PORTABLE_FIGURES;
    if (file) appendFileSync(file, `${JSON.stringify({ what, ...figures })}\n`);
}
