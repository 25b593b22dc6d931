// Holds recorded frames against the JSON Schemas of the native WebSocket.
//   node check-frames.mjs SCHEMA_FOLDER < frames
// A line in is {"direction": "client"|"server", "frame": {...}}. One JSON object comes out: the frames that no schema takes, and how often
// each schema took one. Every valid server frame is then changed in every way that its schema should notice: "unnoticed" lists what it did not.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Ajv from 'ajv/dist/2020.js';

const folder = process.argv[2];
const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, formats: { 'date-time': true } });
const schemas = new Map();
for (const name of readdirSync(folder).filter(n => n.endsWith('.schema.json'))) {
  const schema = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  if (schema.$id !== name) throw new Error(`${name} has the $id ${schema.$id}`);
  schemas.set(name, schema);
  ajv.addSchema(schema);
}
const index = schemas.get('native.schema.json');
const listed = direction => index.$defs[direction].oneOf.map(entry => entry.$ref);
const all = [...listed('client'), ...listed('server')];
const unlisted = [...schemas.keys()].filter(n => n !== 'common.schema.json' && n !== 'native.schema.json' && !all.includes(n));

// The schema's own examples are frames too.
const badExamples = all.filter(name => !(schemas.get(name).examples?.length && schemas.get(name).examples.every(ajv.getSchema(name))));

const validators = Object.fromEntries(['client', 'server'].map(direction =>
  [direction, listed(direction).map(name => [name, ajv.getSchema(name)])]));
const whole = Object.fromEntries(['client', 'server'].map(direction => [direction, ajv.getSchema(`native.schema.json#/$defs/${direction}`)]));

const wrongTypes = [7.5, 'text of no form', true, [], {}, null];
const properties = new Map();
const seen = Object.fromEntries(all.map(name => [name, 0]));
const invalid = [];
const unnoticed = new Set();
let count = 0;

for await (const line of createInterface({ input: process.stdin })) {
  const { direction, frame } = JSON.parse(line);
  count++;
  const taken = validators[direction].filter(([, validate]) => validate(frame));
  if (taken.length !== 1) {
    // The error of the schema that the frame means.
    const meant = validators[direction].find(([name]) => name === `${direction}.${frame.event ? `system.${frame.event}` : frame.type}.schema.json`);
    if (meant) meant[1](frame);
    if (invalid.length < 20) invalid.push({ direction, frame, taken: taken.map(([name]) => name), errors: meant?.[1].errors });
    continue;
  }
  const [name, validate] = taken[0];
  if (seen[name]++ < 20) mutate(name, validate, frame);
}

/** A property's schema, standing alone. */
function compiled(property) {
  if (!properties.has(property)) properties.set(property, ajv.compile(property));
  return properties.get(property);
}

function mutate(name, validate, frame) {
  const schema = schemas.get(name);
  const check = (what, changed) => {
    if (validate(changed) || whole[name.split('.')[0]](changed)) unnoticed.add(`${name}: ${what}`);
  };
  const required = new Set([...schema.required, ...(schema.then && frame.message_type === 'stream' ? schema.then.required : [])]);
  for (const field of required) {
    const { [field]: _, ...rest } = frame;
    check(`without ${field}`, rest);
  }
  for (const field of Object.keys(frame).filter(f => schema.properties[f])) {
    const right = compiled(schema.properties[field]);
    for (const wrong of wrongTypes) {
      if (!right(wrong)) check(`${field} as ${JSON.stringify(wrong)}`, { ...frame, [field]: wrong });
    }
    // A field whose schema takes anything of these would be no check at all.
    if (name !== 'client.message.schema.json' && wrongTypes.filter(wrong => right(wrong)).length > 3) unnoticed.add(`${name}: ${field} takes everything`);
  }
  if (!validate({ ...frame, a_field_of_a_later_version: { x: [1] } })) unnoticed.add(`${name}: refuses a field that it does not know`);
}

console.log(JSON.stringify({ count, seen, invalid, unnoticed: [...unnoticed], unlisted, badExamples }));
