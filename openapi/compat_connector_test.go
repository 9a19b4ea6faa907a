package openapi_test

// connectorCalls are more calls for TestCompatible.
var connectorCalls []wrapper
