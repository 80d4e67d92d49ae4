// An engine for every kind of key as OpenSSL's default, as applications have it that keep keys on tokens.
#pragma once

namespace jeton::test {

/// EngineKind: a refusing engine has no method for any key; a delegating one hands out OpenSSL's own methods,
/// as the engines in use do for keys that are not theirs.
enum class EngineKind { refusing, delegating };

/// make_engine_default fails the test when OpenSSL does not ask the engine for every kind of key.
void make_engine_default(EngineKind kind);

/// engine_calls counts how often OpenSSL asked the engine for a method since then.
int engine_calls();

}  // namespace jeton::test
