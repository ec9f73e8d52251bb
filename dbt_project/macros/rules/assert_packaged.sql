{#
    Stop unless a seed in the warehouse is the one that this version was released with.

    The mapping is a table that whoever writes the warehouse could change; one row set to
    keep_code would let names through.
#}
{% macro assert_packaged(seed, columns) -%}
    {%- set found = run_query(seed_sha256(ref(seed), columns)).columns[0].values()[0] -%}
    {%- if not found -%}
        {{ exceptions.raise_compiler_error('deid: ' ~ seed ~ ' is empty') }}
    {%- elif found != packaged_sha256(seed) -%}
        {{ exceptions.raise_compiler_error(
            'deid: ' ~ seed ~ ' in the warehouse is not the packaged one; run dbt seed, '
            ~ 'or python -m dicom_pipeline.publish.dbt_sources after a wanted change'
        ) }}
    {%- endif -%}
{%- endmacro %}
