import { appendFileSync } from "node:fs";

/** Keeps a measurement: a line of JSON in the file that PORTABLE_FIGURES names (scripts/soak.sh); else nowhere. */
export function report(what: string, figures: object): void {
    const file = process.env.PORTABLE_FIGURES;
    if (file) appendFileSync(file, `${JSON.stringify({ what, ...figures })}\n`);
}
