import { readFileSync } from "node:fs";
import { join } from "node:path";
import { portable } from "../../provider/package";
import { packageSchema } from "../../provider/protocol/package-schema";

test("provider/schema.json is the schema that the provider returns; `npm run schema` writes it", async () => {
    const committed = JSON.parse(readFileSync(join(__dirname, "../../provider/schema.json"), "utf8"));
    expect(committed).toEqual(JSON.parse(JSON.stringify(await packageSchema(portable))));
});
