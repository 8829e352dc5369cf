// Prisma's engines as it has them in WebAssembly, over an adapter: nothing is downloaded. What this version of the
// adapter does otherwise than the engine that users download is made good here.
import { PrismaPg } from "@prisma/adapter-pg";

/** An adapter that reads names of PostgreSQL's catalogs as texts, and sends a migration as one script. */
export function adapter() {
  const factory = new PrismaPg({ connectionString: process.env.DATABASE_URL });
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connected = await connect();
    const perform = connected.performIO.bind(connected);
    connected.performIO = async (query) => {
      const result = await perform(query);
      for (const field of result.fields ?? []) {
        if ([18, 19].includes(field.dataTypeID)) field.dataTypeID = 25;
      }
      return result;
    };
    // It would cut the script at each semicolon, within functions too.
    connected.executeScript = async (script) => {
      await connected.client.query(script);
    };
    return connected;
  };
  return factory;
}

export default {
  experimental: { adapter: true },
  engine: "js",
  adapter: async () => adapter(),
  schema: "prisma/schema.prisma",
};
