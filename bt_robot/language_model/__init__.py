"""Language models behind OpenAI-compatible chat endpoints: vLLM, llama.cpp, Ollama, hosted ones."""
