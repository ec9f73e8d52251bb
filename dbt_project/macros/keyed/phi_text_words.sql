{# Like phi_text_terms, without bare numbers: they may be an age, a day or a place. #}
{% macro phi_text_words(text, people) -%}
    {{ return(adapter.dispatch('phi_text_words', 'dicom_pipeline')(text, people)) }}
{%- endmacro %}

{% macro duckdb__phi_text_words(text, people) -%}
    text_words({{ text }}, {{ people }})
{%- endmacro %}

{% macro snowflake__phi_text_words(text, people) -%}
    deid.text_words({{ text }}, {{ people }})
{%- endmacro %}
