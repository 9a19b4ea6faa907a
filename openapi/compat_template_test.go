package openapi_test

// templateCalls are more calls for TestCompatible.
var templateCalls []wrapper
