import { distance } from "fastest-levenshtein";
import type { z } from "zod";
import type { Failure } from "../errors";
import { expectation, kindOf, propertyNames, schemasAt } from "../schema/expectation";
import { shapeOf } from "../schema/shape";
import { entries, isWithin, type Path, unknownPaths, valueAt } from "../schema/values";

type Issue = z.core.$ZodIssue;

/**
 * The failures of a value, parts of which may be unknown. Unknown parts, and refinements of them, cause no failure; properties
 * that don't exist always do.
 */
export function validate(schema: z.ZodType, value: unknown): Failure[] {
    const result = schema.safeParse(value, { error: reasonOf });
    if (result.success) return nulFailures(value, []);
    return new FailureReport(schema, value, result.error.issues).failures(result.error.issues, []);
}

/** The content of a file may have every byte. Everything else becomes a name, a path, an argument or a line of text. */
function nulFailures(value: unknown, path: Path): Failure[] {
    if (typeof value === "string")
        return value.includes("\0") && path.at(-1) !== "content"
            ? [{ path, what: "has a NUL byte in it, which only the content of a file can have" }]
            : [];
    return entries(value).flatMap(([key, part]) =>
        String(key).includes("\0")
            ? [{ path: [...path, key], what: "has a NUL byte in its name" }]
            : nulFailures(part, [...path, key]),
    );
}

class FailureReport {
    private readonly unknowns: Path[];
    /** Whether a schema accepted an unknown part as a value, so that the results of its refinements mean nothing. */
    private readonly hasAcceptedUnknown: boolean;

    constructor(
        private readonly schema: z.ZodType,
        private readonly value: unknown,
        issues: readonly Issue[],
    ) {
        this.unknowns = unknownPaths(value);
        this.hasAcceptedUnknown = this.unknowns.some(
            (unknown) => !issues.some(({ code, path }) => code !== "custom" && isWithin(unknown, path as Path)),
        );
    }

    failures(issues: readonly Issue[], base: Path): Failure[] {
        return issues.flatMap((issue) => this.failure(issue, [...base, ...(issue.path as (string | number)[])]));
    }

    private failure(issue: Issue, path: Path): Failure[] {
        if (issue.code === "unrecognized_keys") {
            return issue.keys.map((key) => ({ path: [...path, key], what: this.noSuchProperty(path, key) }));
        }
        if (this.unknowns.some((unknown) => isWithin(path, unknown))) return [];
        if (issue.code === "custom" && this.hasAcceptedUnknown) return [];
        if (issue.code === "invalid_union") return this.unionFailure(issue, path);
        if (issue.code === "invalid_key") return this.failures(issue.issues, path).slice(0, 1);
        if (issue.code === "invalid_type" && valueAt(this.value, path) === undefined) {
            return [{ path, what: this.missing(path) }];
        }
        return [{ path, what: issue.message }];
    }

    /** The failures of the option of a union that comes closest to the value. */
    private unionFailure(issue: z.core.$ZodIssueInvalidUnion, path: Path): Failure[] {
        if (valueAt(this.value, path) === undefined) return [{ path, what: this.missing(path) }];
        const options = issue.errors.map((issues) => ({
            failures: this.failures(issues, path),
            distance: issues.reduce((sum, issue) => sum + weight(issue), 0),
        }));
        if (options.some((option) => option.failures.length === 0)) return [];
        const [closest] = options.sort((a, b) => a.distance - b.distance);
        if (closest !== undefined && closest.distance < WRONG_TYPE) return closest.failures;
        const takes = expectation(...schemasAt(this.schema, path));
        return [{ path, what: `got ${kindOf(valueAt(this.value, path))}; give ${takes}` }];
    }

    private missing(path: Path): string {
        const schemas = schemasAt(this.schema, path);
        const [description] = schemas.map((schema) => shapeOf(schema).description).filter((text) => text !== undefined);
        const first = description?.replace(/\.(\s.*)?$/s, "");
        return `it is required; give ${expectation(...schemas)}${first === undefined ? "" : ` (${first})`}`;
    }

    private noSuchProperty(path: Path, key: string): string {
        const names = propertyNames(schemasAt(this.schema, path));
        const [nearest] = names
            .map((name) => ({ name, edits: distance(name.toLowerCase(), key.toLowerCase()) }))
            .filter(({ name, edits }) => edits < name.length && edits <= Math.max(2, name.length / 2))
            .sort((a, b) => a.edits - b.edits);
        return nearest !== undefined
            ? `there is no such property; did you mean ${nearest.name}?`
            : `there is no such property; known here are ${names.join(", ")}`;
    }
}

const WRONG_TYPE = 1000;

/** How far an issue at this place is from a valid value of the option. */
function weight(issue: Issue): number {
    if (issue.code === "unrecognized_keys") return 10 * issue.keys.length;
    if (issue.path.length > 0) return 1;
    return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "custom" ? WRONG_TYPE : 1;
}

/** The message for an issue of zod if the schema has no message for it. */
function reasonOf(issue: z.core.$ZodRawIssue): string {
    const kind = kindOf(issue.input);
    switch (issue.code) {
        case "invalid_type":
            return `got ${kind}; give ${issue.expected === "int" ? "a whole number" : expectation(issue.inst as z.ZodType)}`;
        case "invalid_value":
            return `got another value; give ${issue.values?.map((value) => JSON.stringify(value)).join(" or ")}`;
        case "too_small":
            return issue.minimum === 1 && issue.origin !== "number"
                ? `it is empty; give at least one ${elementOf(issue.origin)}`
                : `it is too ${size(issue.origin, "small", "short")}; give at least ${amount(issue.minimum, issue.origin)}`;
        case "too_big":
            return `it is too ${size(issue.origin, "big", "long")}; give at most ${amount(issue.maximum, issue.origin)}`;
        case "not_multiple_of":
            return `give a multiple of ${issue.divisor}`;
        case "invalid_format":
            return `it has the wrong form; give a string that matches ${issue.pattern ?? issue.format}`;
        case "custom":
            return `got ${kind}; give ${expectation(issue.inst as z.ZodType)}`;
        default:
            return "it is not valid";
    }
}

function size(origin: string | undefined, number: string, other: string): string {
    return origin === "number" || origin === "int" ? number : other;
}

function amount(limit: number | bigint | undefined, origin: string | undefined): string {
    return origin === "number" || origin === "int" ? String(limit) : `${limit} ${elementOf(origin)}s`;
}

function elementOf(origin: string | undefined): string {
    return origin === "string" ? "character" : "element";
}
