import fastifyCompiler from '@fastify/fast-json-stringify-compiler';

/**
 * Makes what writes an answer by its schema when the answer is first needed. To make all of them takes more than anything
 * else that the API does when it starts, and each checks all named schemas anew.
 */
export function serializersOnDemand(): fastifyCompiler.SerializerFactory {
  const factory = fastifyCompiler.SerializerSelector();
  return (namedSchemas, options) => {
    const compile = factory(namedSchemas, options);
    return (route) => {
      let serialize: fastifyCompiler.Serializer | undefined;
      return (content) => (serialize ??= compile(route))(content);
    };
  };
}
