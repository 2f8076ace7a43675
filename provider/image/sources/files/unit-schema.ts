import * as z from "zod";
import { asset, objectType } from "../../../schema/marks";

export const unitFile = objectType(
    "ImageUnit",
    "A unit file under a name of its own: exactly one of `text` and `asset`.",
    {
        name: z.string().describe("Name of the unit, with its suffix: `hello.service`."),
        text: z.string().optional().describe("Text of the unit file."),
        asset: asset().optional().describe("The unit file, as a FileAsset or StringAsset."),
    },
);
