// Builds a schema with validation: node build_schema.mjs <schema.graphql>; prints the number of its types and its errors.
import { buildSchema, validateSchema } from 'graphql'
import { readFileSync } from 'node:fs'

const schema = buildSchema(readFileSync(process.argv[2], 'utf8'))
const errors = validateSchema(schema).map((error) => error.message)
console.log(JSON.stringify({ types: Object.keys(schema.getTypeMap()).length, errors }))
