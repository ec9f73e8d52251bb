{# Words of a text that are in the lexicon and not in the texts of its people. #}
{% macro phi_text_terms(text, people) -%}
    {{ return(adapter.dispatch('phi_text_terms', 'dicom_pipeline')(text, people)) }}
{%- endmacro %}

{% macro duckdb__phi_text_terms(text, people) -%}
    text_terms({{ text }}, {{ people }})
{%- endmacro %}

{% macro snowflake__phi_text_terms(text, people) -%}
    deid.text_terms({{ text }}, {{ people }})
{%- endmacro %}
