"""Replacing a process under load: guests book on kept-alive connections and must not notice."""
